import { CcError } from '../core/errors.ts';
import { isFinal } from '../core/vocabulary.ts';
import { listRequests, submitRequest } from '../store/inbox.ts';
import { topLease } from '../store/lease.ts';
import { DirectoryWatcher } from '../store/watch.ts';
import type { Host } from '../workspace/host.ts';
import { keepHere } from './fallback/look.ts';
import { type FoundRun, findRun } from './find.ts';
import { readRecord } from './record.ts';
import { ensureSupervised, replaceSupervisor } from './recover.ts';
import { endLeftovers } from './recover-run.ts';

/** How long a supervisor may leave a request lying before it counts as hung. */
const UNANSWERED_MS = 3000;
/** The request outlives the call: whoever supervises the run next must still obey it. */
const REQUEST_TTL_MS = 3_600_000;

export type StopOptions = {
  /** Kill at once, without interrupting first. */
  force: boolean;
  timeoutMs: number;
  from: string;
  signal: AbortSignal;
};

export type StopResult = {
  run_id: string;
  state: string;
  /** Ended by this call (or already ended before it). False: the request is pending. */
  stopped: boolean;
  already_ended: boolean;
  request_id?: string;
};

/**
 * Stops a run and its whole process tree. Works with a living, a hung and a dead supervisor: a hung
 * one is replaced, a dead one succeeded. Returns when the run has ended or the time is up.
 */
export async function stopRun(
  host: Host,
  run: FoundRun,
  options: StopOptions,
): Promise<StopResult> {
  const { run_id } = run.record;
  if (isFinal(run.record.state)) {
    const next = await whereItGoesOn(host, run);
    if (next !== undefined) return stopRun(host, next, options);
    if (!host.readOnly) await endLeftovers(run);
    return { run_id, state: run.record.state, stopped: true, already_ended: true };
  }
  if (host.readOnly) {
    throw new CcError('NOT_ALLOWED', 'This server is read-only and stops nothing.', {
      hint: `Stop it from a shell: cc-orchestrator stop-run ${run_id}`,
    });
  }
  const request_id = await submitRequest(
    run.paths.inbox,
    { kind: options.force ? 'kill' : 'stop', from: options.from, ttlMs: REQUEST_TTL_MS },
    host.clock,
  );
  const until = host.clock.monotonic() + options.timeoutMs;
  const hungAt = host.clock.monotonic() + UNANSWERED_MS;
  let replaced = false;
  const watcher = new DirectoryWatcher([run.paths.dir, run.paths.inbox]);
  try {
    for (;;) {
      const record = await readRecord(run.paths, run_id);
      if (isFinal(record.state)) {
        // Its provider may have failed before the request was taken up.
        const next = await whereItGoesOn(host, { ...run, record });
        if (next !== undefined) return stopRun(host, next, options);
        return { run_id, state: record.state, stopped: true, already_ended: false };
      }
      const now = host.clock.monotonic();
      if (now >= until || options.signal.aborted) {
        return { run_id, state: record.state, stopped: false, already_ended: false, request_id };
      }
      const current = { ...run, record };
      await ensureSupervised(host, current);
      if (now >= hungAt && !replaced && (await isUntouched(run, request_id))) {
        replaced = true;
        await replaceSupervisor(host, current);
      }
      await watcher.changed(Math.min(until - now, 250), options.signal);
    }
  } finally {
    watcher.close();
  }
}

/** Whoever stops a run wants its task to end, wherever it is by now; it is moved nowhere any more. */
async function whereItGoesOn(host: Host, run: FoundRun): Promise<FoundRun | undefined> {
  const move = await keepHere(host, run, 'it was stopped by its controller');
  return move?.did === 'moved' ? findRun(host, move.to.run_id, run.workspace) : undefined;
}

async function isUntouched(run: FoundRun, requestId: string): Promise<boolean> {
  if (topLease(run.paths.lease) === undefined) return false;
  return (await listRequests(run.paths.inbox)).some((request) => request.id === requestId);
}
