import { isFinal } from '../core/vocabulary.ts';
import { runPaths, type Workspace } from '../workspace/layout.ts';
import type { FoundRun } from './find.ts';
import { recentIds } from './recent.ts';
import { readRecord } from './record.ts';
import { runIds } from './run-ids.ts';
import { takenSlots } from './slots.ts';

/** Runs that are not final, oldest first. Cost depends on these alone, however many have finished. */
export async function activeRuns(workspace: Workspace): Promise<FoundRun[]> {
  return (await takenSlots(workspace)).flatMap(({ slot, record }) =>
    record === undefined || isFinal(record.state)
      ? []
      : [{ workspace, paths: runPaths(workspace, slot.run_id), record }],
  );
}

/** The newest runs, active or not, however many there are besides. */
export async function newestRuns(workspace: Workspace, limit: number): Promise<FoundRun[]> {
  const runs = await firstOf(workspace, await recentIds(workspace), limit);
  if (runs.length >= limit) return runs;
  return firstOf(workspace, (await runIds(workspace)).reverse(), limit);
}

async function firstOf(
  workspace: Workspace,
  ids: readonly string[],
  limit: number,
): Promise<FoundRun[]> {
  const runs: FoundRun[] = [];
  for (const runId of ids) {
    if (runs.length >= limit) break;
    const run = await load(workspace, runId);
    if (run !== undefined) runs.push(run);
  }
  return runs;
}

/** Undefined for a run whose record cannot be read: one bad directory must not hide the others. */
async function load(workspace: Workspace, runId: string): Promise<FoundRun | undefined> {
  const paths = runPaths(workspace, runId);
  try {
    return { workspace, paths, record: await readRecord(paths, runId) };
  } catch {
    return undefined;
  }
}
