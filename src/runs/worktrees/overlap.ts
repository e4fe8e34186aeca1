import { CcError } from '../../core/errors.ts';
import type { Workspace } from '../../workspace/layout.ts';
import { activeRuns } from '../list.ts';
import type { RunRecord } from '../record.ts';
import { scopesOverlap } from '../scope/overlap.ts';

/** Two workers that may write the same files of one tree would undo each other's work unseen. */
export async function requireNoOverlap(workspace: Workspace, record: RunRecord): Promise<void> {
  const { scope, cwd, worktree } = record;
  if (scope === null) return;
  const other = (await activeRuns(workspace)).find(
    ({ record: run }) =>
      run.scope !== null &&
      run.worktree?.id === worktree?.id &&
      scopesOverlap({ cwd, paths: scope.paths }, { cwd: run.cwd, paths: run.scope.paths }),
  );
  if (other === undefined) return;
  const { run_id, title } = other.record;
  throw new CcError('NOT_ALLOWED', `${run_id} (${title}) is writing in an overlapping scope.`, {
    hint: 'Start it with isolation: "worktree", narrow its scope, or wait for the other (cc_wait_runs).',
    details: { active: run_id },
  });
}
