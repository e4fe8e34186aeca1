import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git } from './git.ts';
import { type IndexEntry, isThere, nulList } from './index-entries.ts';
import type { RunOptions } from './run.ts';

/**
 * Brings submodule entries up to date without starting git inside them, as `git add` would: it is a
 * repository with a configuration nobody has looked at. Where the repository is gone and plain files
 * took its place, the entry goes too, so that the files are seen.
 */
export async function settleSubmodules(
  git: Git,
  root: string,
  entries: readonly IndexEntry[],
  limits: RunOptions,
): Promise<{ all: string[]; populated: string[] }> {
  const populated: string[] = [];
  const empty: string[] = [];
  const gone: string[] = [];
  for (const { path } of entries) {
    const directory = join(root, path);
    if (await isThere(join(directory, '.git'))) populated.push(path);
    else if (await isEmptyDirectory(directory)) empty.push(path);
    else gone.push(path);
  }
  if (populated.length > 0) {
    await git.run(['update-index', '-z', '--stdin'], { ...limits, input: nulList(populated) });
  }
  if (gone.length > 0) {
    await git.run(['update-index', '--force-remove', '-z', '--stdin'], {
      ...limits,
      input: nulList(gone),
    });
  }
  return { all: [...populated, ...empty], populated };
}

/** Untracked repositories: their commit is recorded, where they have one. */
export async function recordRepositories(
  git: Git,
  paths: readonly string[],
  limits: RunOptions,
): Promise<void> {
  for (const path of paths) {
    const input = nulList([path]);
    const args = ['update-index', '--add', '--replace', '-z', '--stdin'];
    await git.run(args, { ...limits, input, okCodes: [0, 128] });
  }
}

async function isEmptyDirectory(path: string): Promise<boolean> {
  return readdir(path).then(
    (names) => names.length === 0,
    () => false,
  );
}
