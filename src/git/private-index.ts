import { randomBytes } from 'node:crypto';
import { copyFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '../core/errors.ts';
import type { WorkTree } from './repository.ts';

/**
 * An index to work on. The one of our last snapshot is preferred over the user's: a worker can write
 * the latter and make a changed file look unchanged in it.
 */
export async function borrowIndex(
  repository: WorkTree,
  directory: string,
): Promise<{ path: string; keep(): Promise<void>; drop(): Promise<void> }> {
  const own = join(directory, 'index');
  // A fresh name: a lock left by a killed git would block a fixed one for ever.
  const path = join(directory, `index.${randomBytes(6).toString('hex')}`);
  if (!(await copyIndex(own, path)) && repository.gitDir !== undefined) {
    await copyIndex(join(repository.gitDir, 'index'), path);
  }
  return {
    path,
    keep: () => rename(path, own),
    drop: async () => {
      await rm(path, { force: true });
      await rm(`${path}.lock`, { force: true });
    },
  };
}

/**
 * Git trusts an entry only when its file is older than the index, so a copy must not look younger
 * than its original. Rounded down: at worst a few files are read again.
 */
async function copyIndex(from: string, to: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(from);
    await copyFile(from, to);
    const seconds = Math.floor(mtimeMs / 1000);
    await utimes(to, seconds, seconds);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
