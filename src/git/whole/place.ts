import { realpath } from 'node:fs/promises';
import { relative, sep } from 'node:path';
import { CcError } from '../../core/errors.ts';
import type { SourceEnvironment } from '../environment.ts';
import { type Git, openGit } from '../git.ts';
import { locate, type WorkTree } from '../repository.ts';
import type { RunOptions } from '../run.ts';
import type { WholeSnapshot } from './whole.ts';

/** Where a snapshot is taken; with what looking for it found out, where that was just done. */
export type Place = WorkTree & { git?: Git; head?: string | null };

export async function findPlace(
  cwd: string,
  { env, plainRoot, lean }: { env?: SourceEnvironment; plainRoot?: string; lean?: boolean },
): Promise<Place> {
  const plain = async (): Promise<Place> => ({
    root: await realpath(plainRoot ?? cwd),
    gitDir: undefined,
    commonDir: undefined,
    objectFormat: 'sha1',
  });
  if (lean === true) return plain();
  const git = await openGit(cwd, env === undefined ? {} : { env });
  try {
    return { ...(await locate(git)), git };
  } catch (error) {
    if (!(error instanceof CcError) || error.code !== 'NOT_A_GIT_REPOSITORY') throw error;
    // Outside of a repository it still knows the user's own configuration.
    return { ...(await plain()), git };
  }
}

/** The same place again, whatever a worker has made of the repository since. */
export function placeOf({ root, repository }: WholeSnapshot): Place {
  return {
    root,
    gitDir: repository?.git_dir,
    commonDir: repository?.common_dir,
    objectFormat: repository?.object_format ?? 'sha1',
  };
}

/** Git directories elsewhere, as a linked worktree or a submodule has them. */
export function gitDirsOf({
  root,
  gitDir,
  commonDir,
}: Place): { directory: string; name: string }[] {
  if (gitDir === undefined || commonDir === undefined) return [];
  const outside = [...new Set([commonDir, gitDir])].filter(
    (directory) => !directory.startsWith(root + sep),
  );
  return outside
    .filter((directory) => !outside.some((other) => directory.startsWith(other + sep)))
    .map((directory) => ({ directory, name: relative(root, directory).split(sep).join('/') }));
}

/** Read from the repository itself, since that is where a worker would move it. */
export async function headOf(
  { root, gitDir, head: known }: Place,
  env: SourceEnvironment | undefined,
  limits: RunOptions,
): Promise<string | null> {
  if (gitDir === undefined) return null;
  if (known !== undefined) return known;
  try {
    const user = await openGit(root, env === undefined ? {} : { env });
    const args = ['rev-parse', '--verify', '--quiet', 'HEAD'];
    const head = await user.text(args, { ...limits, okCodes: [0, 1] });
    return head === '' ? null : head;
  } catch (error) {
    // The worker may have taken the repository away; then there is nothing at its head.
    if (error instanceof CcError && error.code === 'COMMAND_FAILED') return null;
    if (error instanceof CcError && error.code.startsWith('NOT_')) return null;
    throw error;
  }
}
