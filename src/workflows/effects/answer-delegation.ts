import { compact } from '../../core/json.ts';
import { submitRequest } from '../../store/inbox.ts';
import { runPaths } from '../../workspace/layout.ts';
import type { Effect } from '../core/effects.ts';
import type { EffectHost, Effector } from './effector.ts';

const TTL_MS = 3_600_000;

/** Tells a run that asked to launch another one what came of it, through its inbox. */
export class AnswerDelegation implements Effector {
  readonly #host: EffectHost;

  constructor(host: EffectHost) {
    this.#host = host;
  }

  perform(effect: Effect): void {
    // A run that is over needs no answer.
    if (effect.type === 'answer_delegation') void this.#answer(effect).catch(() => undefined);
  }

  async close(): Promise<void> {}

  async #answer(effect: Extract<Effect, { type: 'answer_delegation' }>): Promise<void> {
    const { host, place, record, instance } = this.#host;
    const { parent, request, key, refused } = effect;
    const { nodes, children } = instance();
    const asker =
      children.find((child) => child.key === parent) ??
      nodes.flatMap(({ attempts }) => attempts).find((attempt) => attempt.key === parent);
    if (!asker?.run_id) return;
    const { inbox } = runPaths(place.workspace, asker.run_id);
    const payload = compact({ request, key, refused });
    const from = record.workflow_id;
    await submitRequest(inbox, { kind: 'delegation', from, payload, ttlMs: TTL_MS }, host.clock);
  }
}
