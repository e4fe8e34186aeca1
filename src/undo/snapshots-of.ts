import { readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { CcError } from '../core/errors.ts';
import type { WholeSnapshot } from '../git/whole/whole.ts';
import type { ChangedFiles } from '../runs/artifacts/changed-files.ts';
import { changesOfRun } from '../runs/changes/read.ts';
import { wholeOf } from '../runs/changes/snapshots.ts';
import type { FoundRun } from '../runs/find.ts';
import { privateRunPaths } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import type { Tree } from './tree.ts';

export type RunSnapshots = {
  changes: ChangedFiles;
  base: WholeSnapshot;
  after: WholeSnapshot;
  tree: Tree;
};

/** What a run found and what it left; undefined where it changed nothing. */
export async function snapshotsOf(host: Host, run: FoundRun): Promise<RunSnapshots | undefined> {
  const { record } = run;
  const { changes, problem } = await changesOfRun(host, run);
  if (changes === undefined) {
    if (problem === undefined) return undefined;
    throw new CcError('NOT_FOUND', `What ${record.run_id} changed is not known: ${problem}.`, {
      hint: 'It cannot be put back from here; look at cc_git_diff and at the repository itself.',
    });
  }
  const [base, after] = [wholeOf(changes.base), wholeOf(changes.after)];
  if (base === undefined || after === undefined) {
    throw new CcError('NOT_FOUND', `${record.run_id} was recorded by an earlier version.`, {
      hint: 'Its snapshots do not hold all that is needed to put files back.',
    });
  }
  const tree = await ownTree(host, run, [base, after]);
  return { changes, base, after, tree };
}

/**
 * The record of a run lies in the project, where a worker without a sandbox may have changed it. What
 * is restored and where must be what our private store knows.
 */
export async function ownTree(
  host: Host,
  { record }: FoundRun,
  snapshots: readonly WholeSnapshot[],
): Promise<Tree> {
  const { objects } = privateRunPaths(host.home, record.run_id);
  const [bound, alternates] = await Promise.all([
    readFile(join(objects, 'cc-root'), 'utf8').catch(() => undefined),
    readFile(join(objects, 'objects', 'info', 'alternates'), 'utf8').catch(() => ''),
  ]);
  const outside = new Set<string>();
  for (const { root, object_dir, rest, index, repository, kind } of snapshots) {
    const places = [object_dir, rest, index ?? rest].map((path) => dirname(path));
    // One that only looked has no objects, and nothing to restore from them.
    const isOwn = kind === 'lean' ? bound === undefined : root === bound;
    if (!isOwn || places.some((place) => place !== objects)) throw foreign(record.run_id);
    if (repository === undefined) continue;
    const { git_dir, common_dir } = repository;
    if (!alternates.split('\n').includes(join(common_dir, 'objects'))) throw foreign(record.run_id);
    for (const directory of [git_dir, common_dir]) {
      const isInside = `${directory}${sep}`.startsWith(`${root}${sep}`);
      const isCommon = `${directory}${sep}`.startsWith(`${common_dir}${sep}`);
      if (!isInside && isCommon) outside.add(relative(root, directory).split(sep).join('/'));
    }
  }
  return { root: snapshots[0]?.root ?? record.workspace, outside: [...outside].sort() };
}

function foreign(runId: string): CcError {
  return new CcError('STORAGE_CORRUPT', `The record of ${runId} does not fit its snapshots.`, {
    hint: 'Somebody changed its metadata. Nothing was restored; look at cc_ledger_verify.',
  });
}
