import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { randomBase32 } from '../../core/ids.ts';
import type { SourceEnvironment } from '../environment.ts';
import { type Git, openGit } from '../git.ts';
import type { TreeEntry } from '../index-entries.ts';
import type { RunOptions } from '../run.ts';

const LISTING_BYTES = 300 * 1024 * 1024;
export const SUBMODULE_MODE = '160000';

/**
 * Keeps the index a tree was written from. It lists the same files and needs no objects, so that what
 * changed is still known when a worker has destroyed those of the repository.
 */
export async function keepIndex(privateDir: string, indexFile: string): Promise<string> {
  const path = join(privateDir, `index-${randomBase32(8)}`);
  await copyFile(indexFile, path);
  return path;
}

/** Every file of a tree, from the index it was written from. */
export async function listIndex(
  indexFile: string | undefined,
  { env, ...limits }: RunOptions & { env?: SourceEnvironment },
): Promise<Map<string, TreeEntry>> {
  if (indexFile === undefined) return new Map();
  const gitDir = dirname(indexFile);
  const git = await openGit(gitDir, {
    ...(env === undefined ? {} : { env }),
    repository: { gitDir, workTree: gitDir, indexFile },
  });
  return listOpened(git, limits);
}

/** The same where git was opened with that index. */
export async function listOpened(git: Git, limits: RunOptions): Promise<Map<string, TreeEntry>> {
  const entries = new Map<string, TreeEntry>();
  const { stdout } = await git.run(['ls-files', '--stage', '-z'], {
    ...limits,
    maxBytes: LISTING_BYTES,
  });
  for (const record of stdout.toString('utf8').split('\0')) {
    // <mode> SP <id> SP <stage> TAB <path>
    const tab = record.indexOf('\t');
    if (tab < 0) continue;
    const [mode = '', oid = ''] = record.slice(0, tab).split(' ');
    entries.set(record.slice(tab + 1), { mode, oid });
  }
  return entries;
}
