import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { temporaryOf } from '../store/atomic.ts';

/**
 * Removes what a killed call has left beside a file: the new content, complete or not, that never came
 * into its place (named by `writeFileAtomic`). Only while nobody else of ours is writing.
 */
export async function removeUnfinished(path: string): Promise<void> {
  const names = await readdir(dirname(path)).catch(() => []);
  for (const name of names) {
    if (temporaryOf(name)?.name !== basename(path)) continue;
    await rm(join(dirname(path), name), { force: true });
  }
}
