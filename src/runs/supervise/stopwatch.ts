import { uptime } from 'node:os';
import type { Clock } from '../../core/clock.ts';
import { selfIdentity } from '../../proc/identity.ts';
import { readJson } from '../../store/atomic.ts';
import type { RunPaths } from '../../workspace/layout.ts';
import type { RunRecord } from '../record.ts';
import { progressSummary } from '../summarise.ts';

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

/** Goes on from what a predecessor had counted. */
export async function goOnCounting(
  clock: Clock,
  record: RunRecord,
  paths: RunPaths,
): Promise<Stopwatch> {
  const last = progressSummary.safeParse(await readJson(paths.summary).catch(() => undefined)).data;
  return new Stopwatch(clock, carriedTime(last, clock.now(), uptimeNow()), wallMs(record));
}

/** Its own wall time, or what is left of its task's, whichever is less. */
function wallMs({ budget, lineage }: RunRecord): number {
  const whole = budget.lifetime?.wall_seconds ?? Infinity;
  return Math.min(budget.wall_seconds * 1000, whole * 1000 - (lineage?.spent.elapsed_ms ?? 0));
}

/** A moment on a clock that nobody can set: since the machine was started, in milliseconds. */
export type Uptime = { boot: string; ms: number };

export function uptimeNow(): Uptime {
  return { boot: selfIdentity().boot, ms: Math.round(uptime() * 1000) };
}

/**
 * What to carry over from a predecessor: what it had counted, and the time since its last word,
 * during which the worker went on without it. Only where the machine was started anew in between, the
 * wall clock has to tell it; if that went back, it counts as no time.
 */
export function carriedTime(
  last: { elapsed_ms: number; updated: string; uptime?: Uptime | undefined } | undefined,
  now: Date,
  up: Uptime,
): number {
  if (last === undefined) return 0;
  const since =
    last.uptime?.boot === up.boot
      ? up.ms - last.uptime.ms
      : now.getTime() - Date.parse(last.updated);
  return last.elapsed_ms + (Number.isFinite(since) ? Math.max(0, since) : 0);
}
