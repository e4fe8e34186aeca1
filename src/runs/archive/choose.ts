import { CcError } from '../../core/errors.ts';
import { treeBytes } from '../../store/size.ts';
import type { Host } from '../../workspace/host.ts';
import { runPaths, type Workspace } from '../../workspace/layout.ts';
import { readRecord } from '../record.ts';
import type { Catalogue } from '../retention/catalogue.ts';
import { busyTasks } from '../retention/remove.ts';
import { selectRuns } from '../retention/select.ts';

/** These runs, or all that ended so many days ago. */
export type Choice = { runIds: readonly string[] } | { olderThanDays: number };

export type Chosen = { run_id: string; ended: string; bytes: number };

/** Ended runs whose task does not go on; a named one that is something else is refused. */
export async function chooseRuns(
  host: Host,
  workspace: Workspace,
  catalogue: Catalogue,
  choice: Choice,
): Promise<Chosen[]> {
  const busy = await busyTasks(workspace);
  if ('olderThanDays' in choice) {
    const limits = { days: choice.olderThanDays, max_runs: null, max_bytes: null, keep_newest: 0 };
    const { remove } = selectRuns(catalogue, busy, limits, host.clock.now());
    return remove.map(({ run_id, ended }) => ({
      run_id,
      ended,
      bytes: bytesOf(workspace, run_id),
    }));
  }
  const chosen: Chosen[] = [];
  for (const runId of new Set(choice.runIds)) {
    const run = catalogue.runs.get(runId);
    if (run !== undefined && !busy.has(run.root)) {
      chosen.push({ run_id: runId, ended: run.ended, bytes: bytesOf(workspace, runId) });
      continue;
    }
    const { state } = await readRecord(runPaths(workspace, runId), runId);
    throw new CcError('NOT_ALLOWED', `Run ${runId} (${state}) or a run of its task goes on.`, {
      hint: 'Wait for it (cc_wait_runs) or stop it (cc_stop_run), then archive it.',
    });
  }
  return chosen;
}

/** Of what goes into the project's archive. */
function bytesOf(workspace: Workspace, runId: string): number {
  return treeBytes(runPaths(workspace, runId).dir);
}
