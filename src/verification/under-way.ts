import { sleep } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import type { Actor } from '../ledger/entry.ts';
import type { FoundRun } from '../runs/find.ts';
import type { Host } from '../workspace/host.ts';
import { type Verified, type VerifyRequest, verifyRun } from './verify-run.ts';

type Job = { key: string; done: Promise<Verified>; last: string; settled: boolean };

/** Verifications this process carries out, or has carried out and told nobody of, by run. */
const jobs = new Map<string, Job>();

export type Waiting = {
  /** How long the caller waits. */
  timeoutMs: number;
  /** The caller has given up. */
  signal: AbortSignal;
  /** Then the verification ends, too: nobody could fetch its result. */
  endsWithCaller: boolean;
  progress: (message: string) => void;
  actor: Actor;
};

/**
 * Verifies in the background, since tests may take longer than a client waits. Whoever asks again for the
 * same gets the one that is under way; a result that nobody has seen is kept for the next call. With this
 * process it is gone, and so is everything it had started.
 */
export async function verifyAndWait(
  host: Host,
  run: FoundRun,
  request: VerifyRequest,
  { timeoutMs, signal, endsWithCaller, progress, actor }: Waiting,
): Promise<Verified | { under_way: string }> {
  const id = run.record.run_id;
  const key = JSON.stringify(request);
  const known = jobs.get(id);
  if (known !== undefined && known.key !== key && !known.settled) throw busy(id);
  const job =
    known?.key === key ? known : begin(host, run, request, actor, endsWithCaller ? signal : NEVER);
  jobs.set(id, job);
  const timer = setInterval(() => progress(job.last), PROGRESS_MS);
  const waiting = new AbortController();
  signal.addEventListener('abort', () => waiting.abort(), { once: true });
  try {
    const first = await Promise.race([job.done, sleep(timeoutMs, waiting.signal)]);
    if (first === undefined) return { under_way: job.last };
    if (jobs.get(id) === job) jobs.delete(id);
    return first;
  } catch (error) {
    if (jobs.get(id) === job) jobs.delete(id);
    throw error;
  } finally {
    clearInterval(timer);
    waiting.abort();
  }
}

const NEVER = new AbortController().signal;
const NOTHING = new Promise<Verified>(() => undefined);
const PROGRESS_MS = 2000;

function begin(
  host: Host,
  run: FoundRun,
  request: VerifyRequest,
  actor: Actor,
  signal: AbortSignal,
): Job {
  const job: Job = { key: JSON.stringify(request), last: 'reading', done: NOTHING, settled: false };
  job.done = verifyRun(host, run, request, {
    signal,
    actor,
    progress: (message) => {
      job.last = message;
    },
  });
  // Told to whoever asks next; without anybody it must not end the process.
  job.done
    .catch(() => undefined)
    .finally(() => {
      job.settled = true;
    });
  return job;
}

function busy(runId: string): CcError {
  return new CcError('BUSY', `Another verification of ${runId} is under way.`, {
    hint: 'Call with the same arguments as before to get its result, or wait until it is done.',
    retryable: true,
  });
}
