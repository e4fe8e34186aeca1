import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isoTime } from '../../core/clock.ts';
import { toErrorFacts } from '../../core/errors.ts';
import type { RunState } from '../../core/vocabulary.ts';
import { archivePath } from '../../runs/archive/places.ts';
import { lastRunId, rememberLast } from '../../runs/last.ts';
import { hasRecord, readRecord } from '../../runs/record.ts';
import { aloneWithRuns } from '../../runs/retention/clean.ts';
import { removeUnfinished } from '../../setup/unfinished.ts';
import { withLease } from '../../store/lease.ts';
import type { Host } from '../../workspace/host.ts';
import { initWorkspace } from '../../workspace/init.ts';
import { managedDir, runPaths, sharedPaths, type Workspace } from '../../workspace/layout.ts';
import { endingOf } from './ending.ts';
import { findData, type Left } from './find.ts';
import { type OldRun, readOldRun } from './old-run.ts';
import { copyRedacted, storeOldRun } from './store.ts';

export type MigratedRun = { from: string; run_id: string; state: RunState };

export type Migration = {
  runs: MigratedRun[];
  reports: string[];
  /** Runs and reports that are here already. */
  already: number;
  skipped: Left[];
  /** Not looked at, because the time was up. */
  left: number;
};

const TURN_MS = 10_000;

/**
 * Brings runs and reports of the predecessor here as copies, or only tells what it would bring; what
 * lies there is never changed. Repeating it brings what is new. One bad record keeps no other.
 */
export async function migrate(
  host: Host,
  workspace: Workspace,
  { from, apply }: { from: string | undefined; apply: boolean },
  isOver: () => boolean,
): Promise<Migration> {
  const found = await findData(workspace, from);
  const result: Migration = { runs: [], reports: [], already: 0, skipped: found.left, left: 0 };
  /** Brought now, or by a call that was killed before it could note the newest. */
  const here: string[] = [];
  const bring = async () => {
    for (const [at, dir] of found.runs.entries()) {
      if (isOver()) {
        result.left = found.runs.length - at;
        break;
      }
      await bringRun(host, workspace, dir, apply, result, here);
    }
    for (const path of found.reports) await bringReport(workspace, path, apply, result);
  };
  if (!apply || found.runs.length + found.reports.length === 0) {
    await bring();
    return result;
  }
  await initWorkspace(workspace, host.home, host.clock);
  await aloneWithRuns(workspace, bring);
  await rememberNewest(workspace, here);
  return result;
}

async function bringRun(
  host: Host,
  workspace: Workspace,
  dir: string,
  apply: boolean,
  result: Migration,
  here: string[],
): Promise<void> {
  try {
    const old = await readOldRun(dir);
    if (typeof old === 'string') {
      result.skipped.push({ path: dir, reason: old });
    } else if (isHere(workspace, old)) {
      result.already += 1;
      if (hasRecord(runPaths(workspace, old.runId))) here.push(old.runId);
    } else {
      if (apply) await storeOldRun(workspace, old, isoTime(host.clock.now()));
      here.push(old.runId);
      result.runs.push({ from: dir, run_id: old.runId, state: endingOf(old).state });
    }
  } catch (error) {
    result.skipped.push({ path: dir, reason: toErrorFacts(error).message });
  }
}

function isHere(workspace: Workspace, { runId }: OldRun): boolean {
  return existsSync(runPaths(workspace, runId).dir) || existsSync(archivePath(workspace, runId));
}

async function bringReport(
  workspace: Workspace,
  path: string,
  apply: boolean,
  result: Migration,
): Promise<void> {
  const directory = join(managedDir(workspace, 'reports'), 'predecessor');
  const target = join(directory, basename(path));
  if (apply) await removeUnfinished(target);
  if (existsSync(target)) {
    result.already += 1;
    return;
  }
  const reason = apply ? await copyRedacted(path, directory, basename(path)) : undefined;
  if (reason === undefined) result.reports.push(path);
  else result.skipped.push({ path, reason });
}

/** Where nothing has run yet, the newest of them is the last run of the project. */
async function rememberNewest(workspace: Workspace, runs: readonly string[]): Promise<void> {
  const newest = [...runs].sort().at(-1);
  if (newest === undefined || (await lastRunId(workspace, undefined)) !== undefined) return;
  await withLease(sharedPaths(workspace).launchLease, TURN_MS, async () => {
    if ((await lastRunId(workspace, undefined)) !== undefined) return;
    await rememberLast(workspace, await readRecord(runPaths(workspace, newest), newest));
  });
}
