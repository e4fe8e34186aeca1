import { rm } from 'node:fs/promises';
import { isoTime } from '../../core/clock.ts';
import { isStorageFull, toErrorFacts } from '../../core/errors.ts';
import { compact } from '../../core/json.ts';
import { redact } from '../../core/redact.ts';
import { oneLine } from '../../core/text.ts';
import type { FailureClass } from '../../core/vocabulary.ts';
import { terminateTree } from '../../proc/terminate.ts';
import type { Lease } from '../../store/lease.ts';
import { RUN_COOKIE } from '../../workers/claude/environment.ts';
import { privateRunPaths } from '../../workspace/home.ts';
import type { Host } from '../../workspace/host.ts';
import { type RunPaths, workspaceAt } from '../../workspace/layout.ts';
import { billingOf, billRun } from '../bill.ts';
import { learnFrom } from '../learn.ts';
import { NO_ROOM, sealEnd } from '../ledger.ts';
import { emptyProgress, type Progress, usageSoFar } from '../progress.ts';
import { type RunOutcome, type RunRecord, readRecord, runOutcome, writeRecord } from '../record.ts';
import { freeSlot } from '../slots.ts';
import { logUsage } from '../usage/log.ts';
import { hearOut } from './hear-out.ts';
import { Journal } from './journal.ts';
import { forgetRawStreams } from './last-words.ts';
import { endFrozenRivals } from './ownership.ts';
import { RunSecrets, secretsOf } from './run-secrets.ts';
import { goOnCounting } from './stopwatch.ts';
import { SummaryWriter } from './summary.ts';

export type GivenUp = {
  paths: RunPaths;
  runId: string;
  lease: Lease;
  error: unknown;
  failureClass?: FailureClass;
  /** What the worker was given, credentials included, which must not be recorded. */
  workerEnv: Readonly<Record<string, string>>;
};

/**
 * The end of a run whose supervisor cannot go on, for whatever reason nobody thought of. The worker
 * must not outlive it unwatched, and the next supervisor would only fail in the same way: so the tree
 * is ended first, then what it said last is recorded, then the end, with the error as its evidence.
 */
export async function giveUp(host: Host, given: GivenUp): Promise<void> {
  const { paths, runId, workerEnv } = given;
  const { left } = await terminateTree({
    root: undefined,
    cookie: { name: RUN_COOKIE, value: runId },
  });
  await endFrozenRivals(runId);
  const record = await readRecord(paths, runId);
  const leftPids = left.map((process) => process.pid);
  const stopwatch = await goOnCounting(host.clock, record, paths);
  const privatePaths = privateRunPaths(host.home, runId);
  const secrets = await RunSecrets.open(host, secretsOf(record, workerEnv));
  const journal = openJournal(host, given, secrets);
  const progress = journal?.progress ?? emptyProgress();
  try {
    const known = runOutcome.safeParse(progress.outcome).data;
    const parts = { record, paths, privatePaths, secrets, workerEnv };
    const isGone = left.length === 0;
    const isHeard = known !== undefined || (isGone && (await hearOut(parts, journal)));
    const outcome = known ?? outcomeOf(given, record, progress, leftPids);
    const elapsedMs = progress.ended?.elapsed_ms ?? stopwatch.elapsedMs();
    if (known === undefined) recordEnd(journal, outcome, elapsedMs);
    if (journal !== undefined) {
      const summary = new SummaryWriter(paths, host.clock, stopwatch, record.context_window);
      // For readers; where it cannot be written, the record still tells the end.
      await summary.write(progress, { now: true, outcome }).catch(() => undefined);
    }
    await learnFrom(host, record, outcome, { elapsedMs, quota: progress.quota });
    const ended: RunRecord = {
      ...record,
      state: outcome.state,
      ended: progress.ended?.time ?? isoTime(host.clock.now()),
      elapsed_ms: elapsedMs,
      outcome,
    };
    const workspace = workspaceAt(record.workspace);
    const ledger = await sealEnd(host, ended, journal?.size).catch(() => NO_ROOM);
    const logged = await logUsage(workspace, ended);
    await writeRecord(paths, { ...ended, ledger });
    if (logged) await freeSlot(workspace, runId);
    // What could not be recorded stays where it is, until it is tidied away with the run.
    if (isHeard) forgetRawStreams({ progress, privatePaths });
  } finally {
    journal?.close();
  }
  await rm(record.worker.tmp_dir, { recursive: true, force: true });
}

function outcomeOf(
  { error, failureClass }: { error: unknown; failureClass?: FailureClass },
  record: RunRecord,
  progress: Progress,
  leftPids: number[],
): RunOutcome {
  const { message, hint } = toErrorFacts(error);
  const neverBegan = record.started === undefined;
  return {
    state: 'failed',
    failure: {
      class:
        failureClass ??
        (isStorageFull(error) ? 'disk_full' : neverBegan ? 'launch_environment' : 'unknown'),
      source: 'supervisor',
      evidence: [oneLine(redact(message), 400)],
      retryable: false,
      ...compact({ hint }),
    },
    exit_code: null,
    signal: null,
    denials: 0,
    left_processes: leftPids,
    usage: billRun(usageSoFar(progress), billingOf(record), false),
    changed_files: null,
  };
}

/** The events may be what is broken; then the record alone has to tell the end. */
function openJournal(host: Host, given: GivenUp, secrets: RunSecrets): Journal | undefined {
  const { redact, note, own } = secrets;
  try {
    const options = { lease: given.lease, clock: host.clock, redact, note, own };
    return Journal.open(given.paths.events, options);
  } catch {
    return undefined;
  }
}

function recordEnd(journal: Journal | undefined, outcome: RunOutcome, elapsedMs: number): void {
  try {
    journal?.record('cc.run.ended', { outcome, elapsed_ms: elapsedMs });
    journal?.sync();
  } catch {
    // See above.
  }
}
