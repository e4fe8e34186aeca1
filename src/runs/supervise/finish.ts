import { rm } from 'node:fs/promises';
import { isoTime } from '../../core/clock.ts';
import { isStorageFull } from '../../core/errors.ts';
import { compact } from '../../core/json.ts';
import type { privateRunPaths } from '../../workspace/home.ts';
import type { Host } from '../../workspace/host.ts';
import { type RunPaths, workspaceAt } from '../../workspace/layout.ts';
import { billingOf, billRun } from '../bill.ts';
import { recordChanges } from '../changes/record-changes.ts';
import { outsideScopeFlag } from '../insight/observe.ts';
import { learnFrom } from '../learn.ts';
import { NO_ROOM, type Sealed, sealEnd } from '../ledger.ts';
import { judgeEnding } from '../outcome.ts';
import { announcedModels } from '../preflight.ts';
import { type Progress, refusedCalls, usageSoFar } from '../progress.ts';
import { type RunOutcome, type RunRecord, writeRecord } from '../record.ts';
import { routeMismatch } from '../route.ts';
import { removeMadePaths } from '../scope/made-paths.ts';
import { keepFindings, scanRun } from '../secrets/scan-run.ts';
import { freeSlot } from '../slots.ts';
import { logUsage } from '../usage/log.ts';
import type { Journal } from './journal.ts';
import { forgetRawStreams, keepLastWords } from './last-words.ts';
import { endFrozenRivals } from './ownership.ts';
import type { RunSecrets } from './run-secrets.ts';

const STDERR_FOR_VERDICT = 4000;

export type FinishParts = {
  host: Host;
  record: RunRecord;
  paths: RunPaths;
  privatePaths: ReturnType<typeof privateRunPaths>;
  journal: Journal;
  secrets: Pick<RunSecrets, 'redact' | 'redactSource' | 'scanner'>;
  startError: string | undefined;
  leftProcesses: number[];
};

/** Judges a run whose worker is gone and writes what is kept of it. May be repeated after a crash. */
export async function finishRun(parts: FinishParts): Promise<RunOutcome> {
  const { record, journal } = parts;
  removeMadePaths(record);
  const stderr = await keepLastWords({
    ...parts,
    progress: journal.progress,
    redact: parts.secrets.redact,
  });
  const changes = await recordChanges(parts.host, parts, parts.secrets.redactSource);
  await keepFindings(
    parts.paths,
    await scanRun(
      parts,
      { ...journal.progress.secrets, seq: journal.progress.seq },
      parts.secrets.scanner,
    ),
  );
  const { progress } = journal;
  publishLast(journal, [...changes.outside, ...changes.over_limits]);
  const verdict = judgeEnding({
    progress,
    startError: parts.startError && parts.secrets.redact(parts.startError),
    changedFiles: changes.count,
    allowWrite: record.scope !== null,
    hasSchema: record.output_schema !== undefined,
    stderrTail: stderr.slice(-STDERR_FOR_VERDICT),
  });
  const models = progress.models.length > 0 ? progress.models : announcedModels(progress);
  const mismatch = routeMismatch(record.model, models, progress.models_asked);
  return {
    ...verdict,
    exit_code: progress.worker_exit?.code ?? null,
    signal: progress.worker_exit?.signal ?? null,
    denials: refusedCalls(progress),
    ...(mismatch === undefined ? {} : { route_mismatch: mismatch }),
    left_processes: parts.leftProcesses,
    usage: bill(record, progress, verdict.state === 'succeeded'),
    model_calls: progress.model_calls,
    ...compact({ session_id: progress.ready?.session_id }),
    changed_files: changes.count,
    ...(changes.outside.length > 0 ? { outside_scope: changes.outside } : {}),
    ...(changes.unattributed.length > 0 ? { unattributed: changes.unattributed } : {}),
  };
}

/** The last flags. A run may be finished again after a crash, and must end on a full disk, too. */
function publishLast(journal: Journal, outside: readonly string[]): void {
  const isTold = journal.progress.insight.flags.some(
    (flag) => flag.code === 'scope_violation' && flag.severity === 'high',
  );
  try {
    if (outside.length > 0 && !isTold) {
      journal.record('cc.flag.raised', outsideScopeFlag(outside));
    }
    journal.publish();
  } catch (error) {
    if (!isStorageFull(error)) throw error;
  }
}

/**
 * Writes the end where it counts: the event, the ledger, the usage log, then the record, all to the
 * disk itself.
 * Who reads in the record that a run is over finds everything else in its place.
 */
export async function settleRun(
  parts: FinishParts,
  outcome: RunOutcome,
  elapsedMs: number,
): Promise<void> {
  const { record, journal } = parts;
  if (journal.progress.outcome === undefined) {
    journal.record('cc.run.ended', { outcome, elapsed_ms: elapsedMs });
    journal.sync();
  }
  const workspace = workspaceAt(record.workspace);
  const ended = endedRecord(parts, outcome, elapsedMs);
  const sealed = await sealEnd(parts.host, ended, journal.size);
  const logged = await logUsage(workspace, ended);
  // While somebody would still come by if we were killed in the middle of it.
  await endFrozenRivals(record.run_id);
  forgetRawStreams({ ...parts, progress: journal.progress });
  await learnFrom(parts.host, record, outcome, { elapsedMs, quota: journal.progress.quota });
  await writeEnded(parts, outcome, elapsedMs, sealed);
  // A run that is not in the log is counted by its slot, until somebody has put it there.
  if (logged) await freeSlot(workspace, record.run_id);
  await rm(record.worker.tmp_dir, { recursive: true, force: true });
}

/** The record alone, for when events cannot be written any more (disk full). */
export async function writeEnded(
  parts: FinishParts,
  outcome: RunOutcome,
  elapsedMs: number,
  ledger: Sealed = NO_ROOM,
): Promise<void> {
  await writeRecord(parts.paths, { ...endedRecord(parts, outcome, elapsedMs), ledger });
}

/** The same again after a crash: the journaled end decides when it was. */
function endedRecord(
  { host, record, journal }: FinishParts,
  outcome: RunOutcome,
  elapsedMs: number,
): RunRecord {
  const { narrowed: narrowedNow, mode, ended } = journal.progress;
  const narrowed = [...(record.narrowed ?? []), ...narrowedNow];
  return {
    ...record,
    ...(narrowed.length === 0 ? {} : { narrowed }),
    ...compact({ mode: mode ?? record.mode }),
    state: outcome.state,
    ended: ended?.time ?? isoTime(host.clock.now()),
    elapsed_ms: ended?.elapsed_ms ?? elapsedMs,
    outcome,
  };
}

function bill(record: RunRecord, progress: Progress, complete: boolean): RunOutcome['usage'] {
  const turnEnded = progress.turn_end !== undefined && !progress.usage_cut;
  return billRun(
    usageSoFar(progress),
    billingOf(record),
    // A finished turn has told all its tokens, also where the run failed afterwards. Without a task
    // there are none.
    (complete || turnEnded || progress.task === undefined) &&
      Object.keys(progress.usage_open).length === 0,
  );
}
