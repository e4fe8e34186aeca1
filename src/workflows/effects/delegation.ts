import { isObject } from '../../core/json.ts';
import { submitRequest } from '../../store/inbox.ts';
import { runPaths } from '../../workspace/layout.ts';
import type { Effect } from '../core/effects.ts';
import type { RunEnd } from '../core/events.ts';
import { renderUpstream } from '../handoffs/render.ts';
import { HANDOFF_BYTES } from '../limits.ts';
import type { EffectHost, Effector } from './effector.ts';

/** Whoever waits does so for as long as its budget of time lasts. */
const TTL_MS = 24 * 3600 * 1000;

/**
 * Tells a run that asked for another one that it gets none. That it gets one needs no word: it waits for
 * what comes of it.
 */
export class DelegationEffector implements Effector {
  readonly #host: EffectHost;

  constructor(host: EffectHost) {
    this.#host = host;
  }

  perform(effect: Effect): void {
    if (effect.type !== 'answer_delegation' || effect.refused === undefined) return;
    const { parent, request, refused } = effect;
    void tellAsker(this.#host, { parent, request }, { ok: false, text: refused });
  }

  async close(): Promise<void> {}
}

/** Whether a run was launched by a run. */
export function isLaunched(key: string): boolean {
  return key.includes('>');
}

/**
 * Tells whoever asked for it what a launched run came to. Before its end is written down: after that
 * nobody would know that it has still to be told, and being told twice does no harm.
 */
export async function tellEnd(host: EffectHost, end: RunEnd): Promise<void> {
  const child = host.instance().children.find(({ key }) => key === end.key);
  if (child === undefined) return;
  const { state, failure, handoff } = end;
  const answer = isObject(handoff)
    ? renderUpstream([{ node: child.role, state, handoff }], HANDOFF_BYTES)
    : `The ${child.role} ended ${state} and handed nothing over: ${failure.text}`;
  await tellAsker(host, child, { ok: state === 'succeeded' && isObject(handoff), text: answer });
}

export async function tellRefusal(host: EffectHost, key: string, text: string): Promise<void> {
  const child = host.instance().children.find((one) => one.key === key);
  if (child === undefined) return;
  await tellAsker(host, child, { ok: false, text: `It could not be launched: ${text}` });
}

type Question = { parent: string; request: string };

/** A run that is over needs no answer, and one that cannot be told waits no longer than its time. */
async function tellAsker(
  { host, place, record, instance }: EffectHost,
  { parent, request }: Question,
  answer: { ok: boolean; text: string },
): Promise<void> {
  const { nodes, children } = instance();
  const asker =
    children.find(({ key }) => key === parent) ??
    nodes.flatMap(({ attempts }) => attempts).find(({ key }) => key === parent);
  if (!asker?.run_id) return;
  const { inbox } = runPaths(place.workspace, asker.run_id);
  const payload = { request, ...answer };
  const from = record.workflow_id;
  await submitRequest(
    inbox,
    { kind: 'delegation', from, payload, ttlMs: TTL_MS },
    host.clock,
  ).catch(() => undefined);
}
