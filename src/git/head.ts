import { AGENT_WORKSPACE } from './artifact.ts';
import type { SourceEnvironment } from './environment.ts';
import { openGit } from './git.ts';
import { locate } from './repository.ts';

export type HeadFacts = {
  root: string;
  /** null: no commit yet. */
  head: string | null;
  /** null: detached. An unborn branch has its name and no head. */
  branch: string | null;
  /** Anything staged, modified or untracked (ignored files and our own workspace do not count). */
  dirty: boolean;
  linked_worktree: boolean;
};

/** Where a working tree stands. Changes inside submodules are not looked at, only their commit is. */
export async function describeHead(
  cwd: string,
  { env, signal }: { env?: SourceEnvironment; signal?: AbortSignal } = {},
): Promise<HeadFacts> {
  const git = await openGit(cwd, env === undefined ? {} : { env });
  const limits = signal === undefined ? {} : { signal };
  const repository = await locate(git, limits);
  const [branch, status] = await Promise.all([
    git.text(['symbolic-ref', '--quiet', 'HEAD'], { ...limits, okCodes: [0, 1] }),
    git.run(
      [
        'status',
        '--porcelain=v1',
        '-z',
        '--no-renames',
        '--untracked-files=normal',
        '--',
        ':(top)',
        `:(top,exclude)${AGENT_WORKSPACE}`,
      ],
      // One entry is all there is to know.
      { ...limits, maxBytes: 1, cutAtLimit: true },
    ),
  ]);
  return {
    root: repository.root,
    head: repository.head,
    branch: branch === '' ? null : branch.replace(/^refs\/heads\//, ''),
    dirty: status.stdout.length > 0,
    linked_worktree: repository.gitDir !== repository.commonDir,
  };
}
