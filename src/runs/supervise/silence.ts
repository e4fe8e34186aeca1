import type { Insight } from '../insight/insight.ts';

/**
 * Longest time between two looks that counts. While a supervisor is frozen, its worker or the whole
 * machine may be as well; nobody can say then who was silent.
 */
const LOOK_MS = 5000;

/** How long nothing has come, by a clock that nobody sets, counted only while somebody looked. */
export class Silence {
  #lookedAt: number;
  #lineSeq = -1;
  #lifeSeq = -1;
  #silentMs = 0;
  #retryingMs = 0;

  /** `now` in milliseconds of a monotonic clock. */
  constructor(now: number) {
    this.#lookedAt = now;
  }

  /** `waits`: the worker is waiting for us, which is no silence of its own. */
  look(
    { line_seq, life_seq }: Pick<Insight, 'line_seq' | 'life_seq'>,
    now: number,
    waits: boolean,
  ): { silentMs: number; retryingMs: number } {
    const passed = Math.min(Math.max(0, now - this.#lookedAt), LOOK_MS);
    this.#lookedAt = now;
    this.#silentMs = waits || line_seq !== this.#lineSeq ? 0 : this.#silentMs + passed;
    this.#retryingMs = waits || life_seq !== this.#lifeSeq ? 0 : this.#retryingMs + passed;
    this.#lineSeq = line_seq;
    this.#lifeSeq = life_seq;
    return { silentMs: this.#silentMs, retryingMs: this.#retryingMs };
  }
}
