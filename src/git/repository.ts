import { lstat, readFile, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { CcError } from '../core/errors.ts';
import { notARepository } from './failure.ts';
import type { Git } from './git.ts';
import type { RunOptions } from './run.ts';

/** The working tree around a directory, and where its repository keeps its parts. */
export type Repository = {
  /** Top of the working tree (real path). */
  root: string;
  /** From root to the directory asked for, with `/`; empty at the root. */
  prefix: string;
  /** Of this working tree; a linked worktree has one of its own. */
  gitDir: string;
  /** Shared by all linked worktrees. */
  commonDir: string;
  objectFormat: 'sha1' | 'sha256';
  /** The commit it stands on; null where there is none yet. */
  head: string | null;
};

/** What a snapshot needs to know of it; a directory without git has neither of the two directories. */
export type WorkTree = Pick<Repository, 'root' | 'objectFormat'> & {
  gitDir: string | undefined;
  commonDir: string | undefined;
};

export async function locate(git: Git, limits: RunOptions = {}): Promise<Repository> {
  const answer = await git.text(
    [
      'rev-parse',
      '--path-format=absolute',
      '--show-toplevel',
      '--absolute-git-dir',
      '--git-common-dir',
      '--show-object-format',
      '--verify',
      '--quiet',
      'HEAD',
    ],
    { ...limits, okCodes: [0, 1] },
  );
  const [top = '', gitDir = '', commonDir = '', format = '', head, ...rest] = answer.split('\n');
  if (rest.length > 0 || !/^(?:sha1|sha256)$/.test(format)) {
    throw new CcError('COMMAND_FAILED', 'The path of this repository contains a line break.', {
      hint: 'Move the repository to a directory without line breaks in its name.',
    });
  }
  const [root, cwd] = await Promise.all([realpath(top), realpath(git.cwd)]);
  const prefix = relative(root, cwd);
  const outside = isAbsolute(prefix) || prefix === '..' || prefix.startsWith(`..${sep}`);
  if (outside || !(await belongsTo(root, gitDir))) throw notARepository(git.cwd);
  return {
    root,
    prefix: prefix.split(sep).join('/'),
    gitDir,
    commonDir,
    objectFormat: format === 'sha256' ? 'sha256' : 'sha1',
    head: head ?? null,
  };
}

/**
 * True when the `.git` entry of `root` leads to this repository. `core.worktree` in a repository's
 * configuration can point anywhere, `/` included; its word alone is not enough.
 */
async function belongsTo(root: string, gitDir: string): Promise<boolean> {
  const entry = join(root, '.git');
  try {
    const named = (await lstat(entry)).isFile()
      ? /^gitdir: (.+)$/m.exec(await readFile(entry, 'utf8'))?.[1]
      : entry;
    if (named === undefined) return false;
    return (await realpath(resolve(root, named))) === (await realpath(gitDir));
  } catch {
    return false;
  }
}
