import { rm } from 'node:fs/promises';
import { isoTime } from '../../core/clock.ts';
import { isStorageFull, toErrorFacts } from '../../core/errors.ts';
import { compact } from '../../core/json.ts';
import { createRedactor, redact } from '../../core/redact.ts';
import { oneLine } from '../../core/text.ts';
import type { FailureClass } from '../../core/vocabulary.ts';
import { terminateTree } from '../../proc/terminate.ts';
import type { Lease } from '../../store/lease.ts';
import { RUN_COOKIE } from '../../workers/claude/environment.ts';
import type { Host } from '../../workspace/host.ts';
import { type RunPaths, workspaceAt } from '../../workspace/layout.ts';
import { billingOf, billRun } from '../bill.ts';
import { learnFrom } from '../learn.ts';
import { NO_ROOM, sealEnd } from '../ledger.ts';
import { emptyProgress, type Progress, usageSoFar } from '../progress.ts';
import { type RunOutcome, type RunRecord, readRecord, runOutcome, writeRecord } from '../record.ts';
import { freeSlot } from '../slots.ts';
import { logUsage } from '../usage/log.ts';
import { Journal } from './journal.ts';
import { endFrozenRivals } from './ownership.ts';

/**
 * The end of a run whose supervisor cannot go on, for whatever reason nobody thought of. The worker
 * must not outlive it unwatched, and the next supervisor would only fail in the same way: so the tree
 * is ended first, then the run, with the error as its evidence.
 */
export async function giveUp(
  host: Host,
  options: {
    paths: RunPaths;
    runId: string;
    lease: Lease;
    error: unknown;
    failureClass?: FailureClass;
  },
): Promise<void> {
  const { paths, runId, lease } = options;
  const { left } = await terminateTree({
    root: undefined,
    cookie: { name: RUN_COOKIE, value: runId },
  });
  await endFrozenRivals(runId);
  const record = await readRecord(paths, runId);
  const leftPids = left.map((process) => process.pid);
  const journal = openJournal(host, paths, lease);
  try {
    const known = runOutcome.safeParse(journal?.progress.outcome).data;
    const outcome =
      known ?? outcomeOf(options, record, journal?.progress ?? emptyProgress(), leftPids);
    if (known === undefined) recordEnd(journal, outcome);
    await learnFrom(host, record, outcome, {
      elapsedMs: record.elapsed_ms ?? 0,
      quota: journal?.progress.quota,
    });
    const ended: RunRecord = {
      ...record,
      state: outcome.state,
      ended: journal?.progress.ended?.time ?? isoTime(host.clock.now()),
      outcome,
    };
    const workspace = workspaceAt(record.workspace);
    const ledger = await sealEnd(host, ended, journal?.size).catch(() => NO_ROOM);
    const logged = await logUsage(workspace, ended);
    await writeRecord(paths, { ...ended, ledger });
    if (logged) await freeSlot(workspace, runId);
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
function openJournal(host: Host, paths: RunPaths, lease: Lease): Journal | undefined {
  try {
    return Journal.open(paths.events, { lease, clock: host.clock, redact: createRedactor([]) });
  } catch {
    return undefined;
  }
}

function recordEnd(journal: Journal | undefined, outcome: RunOutcome): void {
  try {
    journal?.record('cc.run.ended', { outcome });
    journal?.sync();
  } catch {
    // See above.
  }
}
