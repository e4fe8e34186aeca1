/** Time, injected so that tests can set it. `now` is wall clock, `monotonic` never goes back. */
export type Clock = {
  now(): Date;
  /** Milliseconds from an arbitrary start; only differences mean something. */
  monotonic(): number;
};

export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
};

/** UTC with milliseconds, the one time format in files and results. */
export function isoTime(date: Date): string {
  return date.toISOString();
}

/**
 * A signal that aborts when the time is up or `signal` does. `AbortSignal.any` with
 * `AbortSignal.timeout` would be shorter, but Node 20 may collect the timer and then never fires.
 */
export function timeLimit(ms: number, signal: AbortSignal): AbortSignal {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), ms);
  timer.unref();
  const abort = () => {
    clearTimeout(timer);
    limit.abort();
  };
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return limit.signal;
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}
