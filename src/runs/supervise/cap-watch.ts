import type { CostGuard } from '../cost-guard/guard.ts';
import { type GuardLimit, reached } from '../cost-guard/limits.ts';
import { usageSoFar } from '../progress.ts';
import type { Journal } from './journal.ts';
import type { Stopwatch } from './stopwatch.ts';

/** What the user's caps say about this run, as of the last look. */
export class CapWatch {
  readonly #guard: CostGuard;
  #limits: readonly GuardLimit[] = [];

  constructor(guard: CostGuard) {
    this.#guard = guard;
  }

  /** With what is recorded by now, so that no call begins on a cap that is used up already. */
  async look(journal: Journal, stopwatch: Stopwatch): Promise<void> {
    this.#limits = await this.#guard.limits({
      byModel: usageSoFar(journal.progress),
      elapsedMs: stopwatch.elapsedMs(),
    });
  }

  /** Some cap concerns this run, so every model call has to be counted before the next. */
  get isCapped(): boolean {
    return this.#limits.length > 0;
  }

  get reached(): GuardLimit | undefined {
    return reached(this.#limits);
  }
}
