import { sleep } from '../../core/clock.ts';
import { toErrorFacts } from '../../core/errors.ts';
import { lazy } from '../../core/lazy.ts';
import { oneLine } from '../../core/text.ts';
import { isFinal } from '../../core/vocabulary.ts';
import type { Host } from '../../workspace/host.ts';
import type { FoundRun } from '../find.ts';
import { type Move, readDecision } from './decision.ts';
import { callsForMove } from './rules.ts';

const loadMover = /* @__PURE__ */ lazy(() => import('./move.ts'));

/** How long a look waits for the move it has set off; the move itself goes on. */
const LOOK_MS = 8000;
/** Between two attempts to find a free place. */
const AGAIN_MS = 2000;

/** What this process is moving, or could not move yet. */
type Attempt = { move: Promise<Move>; settled?: { at: number } };
const attempts = new Map<string, Attempt>();

/**
 * Where the task of a run that has failed goes on, which is decided by the first look at it; undefined
 * for a run whose ending calls for nothing. Cheap for all others and for what is decided.
 */
export async function lookAtMove(host: Host, run: FoundRun): Promise<Move | undefined> {
  const { record } = run;
  if (!isFinal(record.state) || !callsForMove(record)) return undefined;
  const decided = await readDecision(run.paths);
  if (decided !== undefined) {
    attempts.delete(record.run_id);
    return decided;
  }
  if (host.readOnly) {
    return record.fallback === 'on' ? { did: 'left', why: 'this server is read-only' } : undefined;
  }
  const attempt = current(host, record.run_id) ?? begin(host, run);
  const done = new AbortController();
  const moving = sleep(LOOK_MS, done.signal).then((): Move => ({ did: 'moving' }));
  return Promise.race([attempt.move, moving]).finally(() => done.abort());
}

/** Decided, for whoever may not decide. */
export function storedMove(run: FoundRun): Promise<Move | undefined> {
  return callsForMove(run.record) ? readDecision(run.paths) : Promise.resolve(undefined);
}

/** Decides that nothing is moved, where that is still open: the controller itself acts. */
export async function keepHere(host: Host, run: FoundRun, why: string): Promise<Move | undefined> {
  if (!isFinal(run.record.state) || !callsForMove(run.record)) return undefined;
  if (host.readOnly) return storedMove(run);
  return (await readDecision(run.paths)) ?? (await loadMover()).keepTask(host, run, why);
}

function current(host: Host, runId: string): Attempt | undefined {
  const attempt = attempts.get(runId);
  if (attempt?.settled === undefined) return attempt;
  return host.clock.monotonic() - attempt.settled.at < AGAIN_MS ? attempt : undefined;
}

function begin(host: Host, run: FoundRun): Attempt {
  const attempt: Attempt = { move: attemptMove(host, run) };
  attempts.set(run.record.run_id, attempt);
  void attempt.move.then(() => {
    attempt.settled = { at: host.clock.monotonic() };
  });
  return attempt;
}

/** A reader must not fail because something is wrong with a move; it says so, and the next one tries. */
async function attemptMove(host: Host, run: FoundRun): Promise<Move> {
  try {
    return await (await loadMover()).moveTask(host, run);
  } catch (error) {
    const { message, retryable } = toErrorFacts(error);
    return { did: retryable ? 'blocked' : 'left', why: oneLine(message, 160) };
  }
}
