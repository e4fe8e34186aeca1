/** What a shell calls "interrupted". */
export const INTERRUPTED = 130;

/**
 * Runs `work` with a signal that Ctrl-C, SIGTERM and a closed terminal abort, instead of ending us. Who
 * presses Ctrl-C once more does not want to wait for that.
 */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupted = new AbortController();
  const abort = () => interrupted.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, abort);
  try {
    return await work(interrupted.signal);
  } finally {
    for (const signal of signals) process.off(signal, abort);
  }
}
