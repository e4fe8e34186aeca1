/** What a shell calls "interrupted". */
export const INTERRUPTED = 130;

/** Runs `work` with a signal that Ctrl-C, SIGTERM and a closed terminal abort, instead of ending us. */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupted = new AbortController();
  const abort = () => interrupted.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, abort);
  try {
    return await work(interrupted.signal);
  } finally {
    for (const signal of signals) process.off(signal, abort);
  }
}
