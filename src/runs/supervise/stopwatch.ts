import type { Clock } from '../../core/clock.ts';

/**
 * Wall time a run has used. Counted monotonically while a supervisor lives and carried over between
 * supervisors, so that neither a clock jump nor a take-over gives or takes time.
 */
export class Stopwatch {
  readonly #clock: Clock;
  readonly #carried: number;
  readonly #limitMs: number;
  readonly #since: number;

  constructor(clock: Clock, carriedMs: number, limitMs: number) {
    this.#clock = clock;
    this.#carried = carriedMs;
    this.#limitMs = limitMs;
    this.#since = clock.monotonic();
  }

  elapsedMs(): number {
    return Math.round(this.#carried + this.#clock.monotonic() - this.#since);
  }

  remainingMs(): number {
    return this.#limitMs - this.elapsedMs();
  }
}

/**
 * What to carry over from a predecessor: what it had counted, and the time since its last word,
 * during which the worker went on without it. A clock that went back counts as no time.
 */
export function carriedTime(
  last: { elapsed_ms: number; updated: string } | undefined,
  now: Date,
): number {
  if (last === undefined) return 0;
  const since = now.getTime() - Date.parse(last.updated);
  return last.elapsed_ms + (Number.isFinite(since) ? Math.max(0, since) : 0);
}
