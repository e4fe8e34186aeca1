import { readdir } from 'node:fs/promises';
import { errnoOf } from '../core/errors.ts';
import { isId } from '../core/ids.ts';
import { isFinal } from '../core/vocabulary.ts';
import { managedDir, runPaths, type Workspace } from '../workspace/layout.ts';
import type { FoundRun } from './find.ts';
import { readRecord } from './record.ts';
import { takenSlots } from './slots.ts';

/** Runs that are not final, oldest first. Cost depends on these alone, however many have finished. */
export async function activeRuns(workspace: Workspace): Promise<FoundRun[]> {
  return (await takenSlots(workspace)).flatMap(({ slot, record }) =>
    record === undefined || isFinal(record.state)
      ? []
      : [{ workspace, paths: runPaths(workspace, slot.run_id), record }],
  );
}

/** The newest runs, active or not. Ids sort by time, so only these are read. */
export async function newestRuns(workspace: Workspace, limit: number): Promise<FoundRun[]> {
  const runs: FoundRun[] = [];
  for (const runId of (await runIds(workspace)).reverse()) {
    if (runs.length >= limit) break;
    const run = await load(workspace, runId);
    if (run !== undefined) runs.push(run);
  }
  return runs;
}

export async function runIds(workspace: Workspace): Promise<string[]> {
  try {
    const names = await readdir(managedDir(workspace, 'runs'));
    return names.filter((name) => isId(name, 'run')).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
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
