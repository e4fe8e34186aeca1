import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from './git.ts';
import type { RunOptions } from './run.ts';

export type IndexEntry = { path: string; mode: string };

/** What a tree or an index holds of one path. */
export type TreeEntry = { mode: string; oid: string };

export type Listing = {
  submodules: IndexEntry[];
  /** All files, submodules included. */
  files: ReadonlyMap<string, TreeEntry>;
};

// 300 MB is an index of some three million files.
const LISTING_BYTES = 300 * 1024 * 1024;

/**
 * The entries of an index, after its blinkers are taken off: `assume-unchanged` always,
 * `skip-worktree` where the file is there all the same. Both make git look away from a change.
 */
export async function readIndex(git: Git, root: string, limits: RunOptions): Promise<Listing> {
  const { stdout } = await git.run(['ls-files', '--stage', '-v', '-z'], {
    ...limits,
    maxBytes: LISTING_BYTES,
  });
  const submodules: IndexEntry[] = [];
  const files = new Map<string, TreeEntry>();
  const assumed: string[] = [];
  const skipped: string[] = [];
  for (const record of stdout.toString('utf8').split('\0')) {
    const tab = record.indexOf('\t');
    if (tab < 0) continue;
    const tag = record.charAt(0);
    // <tag> SP <mode> SP <id> SP <stage> TAB <path>
    const [, mode = '', oid = ''] = record.slice(0, tab).split(' ');
    const path = record.slice(tab + 1);
    files.set(path, { mode, oid });
    if (mode === SUBMODULE_MODE) submodules.push({ path, mode });
    if (tag !== tag.toUpperCase()) assumed.push(path);
    if (tag.toUpperCase() === 'S' && (await isThere(join(root, path)))) skipped.push(path);
  }
  await clear(git, '--no-assume-unchanged', assumed, limits);
  await clear(git, '--no-skip-worktree', skipped, limits);
  return { submodules, files };
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
