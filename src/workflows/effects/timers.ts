import type { Effect } from '../core/effects.ts';
import type { EffectHost, Effector } from './effector.ts';

/** What a timer of Node can wait at most. */
const LONGEST_MS = 2 ** 31 - 1;

/** Reports `woken` at the times that are asked for, never before. */
export class Timers implements Effector {
  readonly #host: EffectHost;
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(host: EffectHost) {
    this.#host = host;
  }

  /** Times that are still to come. */
  get size(): number {
    return this.#timers.size;
  }

  perform(effect: Effect): void {
    if (effect.type === 'wake' && !this.#timers.has(effect.at)) this.#arm(effect.at);
  }

  async close(): Promise<void> {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #arm(at: string): void {
    const ms = Date.parse(at) - this.#host.now().getTime();
    const timer = setTimeout(() => this.#due(at), Math.min(LONGEST_MS, Math.max(0, ms)));
    this.#timers.set(at, timer);
  }

  #due(at: string): void {
    // A timer may fire a moment early.
    if (this.#host.now().getTime() < Date.parse(at)) this.#arm(at);
    else {
      this.#timers.delete(at);
      this.#host.report({ type: 'woken' });
    }
  }
}
