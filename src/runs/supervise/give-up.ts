import { rm } from 'node:fs/promises';
import { isoTime } from '../../core/clock.ts';
import { isStorageFull, toErrorFacts } from '../../core/errors.ts';
import { compact } from '../../core/json.ts';
import { oneLine } from '../../core/text.ts';
import { terminateTree } from '../../proc/terminate.ts';
import { RUN_COOKIE } from '../../workers/claude/environment.ts';
import type { UsageByModel } from '../../workers/events.ts';
import type { Host } from '../../workspace/host.ts';
import { type RunPaths, workspaceAt } from '../../workspace/layout.ts';
import { billingOf, billRun } from '../bill.ts';
import { usageSoFar } from '../progress.ts';
import { type RunOutcome, type RunRecord, readRecord, writeRecord } from '../record.ts';
import { freeSlot } from '../slots.ts';
import { logUsage } from '../usage/log.ts';
import { replay } from './journal.ts';

/**
 * The end of a run whose supervisor cannot go on, for whatever reason nobody thought of. The worker
 * must not outlive it unwatched, and the next supervisor would only fail in the same way: so the tree
 * is ended first, then the run, with the error as its evidence.
 */
export async function giveUp(
  host: Host,
  paths: RunPaths,
  runId: string,
  error: unknown,
): Promise<void> {
  const { left } = await terminateTree({
    root: undefined,
    cookie: { name: RUN_COOKIE, value: runId },
  });
  const record = await readRecord(paths, runId);
  const { message, hint } = toErrorFacts(error);
  const neverBegan = record.started === undefined;
  const outcome: RunOutcome = {
    state: 'failed',
    failure: {
      class: isStorageFull(error) ? 'disk_full' : neverBegan ? 'launch_environment' : 'unknown',
      source: 'supervisor',
      evidence: [oneLine(message, 400)],
      retryable: false,
      ...compact({ hint }),
    },
    exit_code: null,
    signal: null,
    denials: 0,
    left_processes: left.map((process) => process.pid),
    usage: billRun(usedSoFar(paths), billingOf(record), false),
    changed_files: null,
  };
  const ended: RunRecord = {
    ...record,
    state: 'failed',
    ended: isoTime(host.clock.now()),
    outcome,
  };
  const workspace = workspaceAt(record.workspace);
  const logged = await logUsage(workspace, ended);
  await writeRecord(paths, ended);
  if (logged) await freeSlot(workspace, runId);
  await rm(record.worker.tmp_dir, { recursive: true, force: true });
}

function usedSoFar(paths: RunPaths): UsageByModel {
  try {
    return usageSoFar(replay(paths.events));
  } catch {
    return {}; // the events may be what is broken
  }
}
