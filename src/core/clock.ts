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
