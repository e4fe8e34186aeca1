import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from './git.ts';
import type { RunOptions } from './run.ts';

export type IndexEntry = { path: string; mode: string };

// 300 MB is an index of some three million files.
const LISTING_BYTES = 300 * 1024 * 1024;

/**
 * The submodule entries of an index, after its blinkers are taken off: `assume-unchanged` always,
 * `skip-worktree` where the file is there all the same. Both make git look away from a change.
 */
export async function readIndex(git: Git, root: string, limits: RunOptions): Promise<IndexEntry[]> {
  const { stdout } = await git.run(['ls-files', '--stage', '-v', '-z'], {
    ...limits,
    maxBytes: LISTING_BYTES,
  });
  const submodules: IndexEntry[] = [];
  const assumed: string[] = [];
  const skipped: string[] = [];
  for (const record of stdout.toString('utf8').split('\0')) {
    const tab = record.indexOf('\t');
    if (tab < 0) continue;
    const tag = record.charAt(0);
    const mode = record.slice(2, 8);
    const path = record.slice(tab + 1);
    if (mode === SUBMODULE_MODE) submodules.push({ path, mode });
    if (tag !== tag.toUpperCase()) assumed.push(path);
    if (tag.toUpperCase() === 'S' && (await isThere(join(root, path)))) skipped.push(path);
  }
  await clear(git, '--no-assume-unchanged', assumed, limits);
  await clear(git, '--no-skip-worktree', skipped, limits);
  return submodules;
}

const SUBMODULE_MODE = '160000';

async function clear(git: Git, flag: string, paths: string[], limits: RunOptions): Promise<void> {
  if (paths.length === 0) return;
  await git.run(['update-index', flag, '-z', '--stdin'], { ...limits, input: nulList(paths) });
}

/** Every path closed by a NUL, as `-z --stdin` wants it. */
export function nulList(paths: readonly string[]): string {
  return paths.map((path) => `${path}\0`).join('');
}

export async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
