import type { Effect } from '../core/effects.ts';
import type { EffectHost, Effector } from './effector.ts';

/** Commands are not carried out by this version. */
export class UnsupportedCommands implements Effector {
  readonly #host: EffectHost;

  constructor(host: EffectHost) {
    this.#host = host;
  }

  perform(effect: Effect): void {
    if (effect.type !== 'run_command') return;
    const text = 'command nodes cannot be carried out by this version';
    this.#host.report({ type: 'start_refused', key: effect.key, text });
  }

  async close(): Promise<void> {}
}
