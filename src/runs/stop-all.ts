import { toErrorFacts } from '../core/errors.ts';
import { isId } from '../core/ids.ts';
import { livingCookies } from '../proc/tree.ts';
import { RUN_COOKIE } from '../workers/claude/environment.ts';
import type { Host } from '../workspace/host.ts';
import { runPaths, type Workspace } from '../workspace/layout.ts';
import { keepHere } from './fallback/look.ts';
import type { FoundRun } from './find.ts';
import { activeRuns, newestRuns } from './list.ts';
import { hasRecord, type RunRecord, readRecord } from './record.ts';
import { type StopOptions, stopRun } from './stop.ts';

const FAILED_LOOKED_AT = 50;

export type StoppedRun = { run_id: string; state: string; stopped: boolean; error?: string };

/**
 * Stops everything that is active in a workspace, or what `isMeant` of it, all at once. What the index
 * does not know but what has living processes is active, too.
 */
export async function stopAll(
  host: Host,
  workspace: Workspace,
  options: StopOptions,
  isMeant: (record: RunRecord) => boolean = () => true,
): Promise<StoppedRun[]> {
  // A run that failed just now is not to go on elsewhere by the next look at it.
  for (const run of await newestRuns(workspace, FAILED_LOOKED_AT)) {
    if (isMeant(run.record)) await keepHere(host, run, 'everything was stopped by its controller');
  }
  const runs = new Map<string, FoundRun>();
  for (const run of await activeRuns(workspace)) runs.set(run.record.run_id, run);
  for (const runId of livingCookies(RUN_COOKIE)) {
    const run = runs.has(runId) ? undefined : await readRun(workspace, runId);
    if (run !== undefined) runs.set(runId, run);
  }
  const meant = [...runs.values()].filter(({ record }) => isMeant(record));
  return Promise.all(meant.map((run) => stop(host, run, options)));
}

async function readRun(workspace: Workspace, runId: string): Promise<FoundRun | undefined> {
  if (!isId(runId, 'run')) return undefined;
  const paths = runPaths(workspace, runId);
  if (!hasRecord(paths)) return undefined;
  const record = await readRecord(paths, runId).catch(() => undefined);
  return record && { workspace, paths, record };
}

/** One that cannot be stopped must not keep the others from it. */
async function stop(host: Host, run: FoundRun, options: StopOptions): Promise<StoppedRun> {
  const { run_id, state } = run.record;
  try {
    const result = await stopRun(host, run, options);
    return { run_id, state: result.state, stopped: result.stopped };
  } catch (error) {
    return { run_id, state, stopped: false, error: toErrorFacts(error).message };
  }
}
