import { existsSync } from 'node:fs';
import { CcError, toErrorFacts } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import { byteLength } from '../../core/text.ts';
import type { Effect } from '../core/effects.ts';
import type { Timeless, WorkflowEvent } from '../core/events.ts';
import type { Instance } from '../core/instance.ts';
import { indexOf, taskAt } from '../core/keys.ts';
import { promptOf } from '../core/prompt.ts';
import { askWorkflow } from '../instances/ask.ts';
import { findWorkflow } from '../instances/find.ts';
import { workflowOfKey } from '../instances/keys.ts';
import { launchWorkflow } from '../instances/launch.ts';
import { readWorkflow } from '../instances/read.ts';
import type { FoundWorkflow } from '../instances/record.ts';
import { superviseUntil } from '../instances/supervise-until.ts';
import { waitUntilOver } from '../instances/wait.ts';
import { UPSTREAM_BYTES } from '../limits.ts';
import { nodeAt } from '../plan.ts';
import type { Reason } from '../vocabulary.ts';
import { type EffectHost, type Effector, isStarting } from './effector.ts';
import { refusalOf } from './refusal.ts';

type Start = Extract<Effect, { type: 'start_workflow' }>;
type Ended = Timeless<Extract<WorkflowEvent, { type: 'workflow_ended' }>>;
type WorkflowEnd = Omit<Ended, 'type' | 'key'>;

/** Starts workflows that are nodes of this one, and tells how they ended. */
export class SubWorkflows implements Effector {
  readonly #host: EffectHost;
  readonly #stops = new Map<string, Reason>();
  readonly #running = new Map<string, FoundWorkflow>();

  constructor(host: EffectHost) {
    this.#host = host;
  }

  perform(effect: Effect): void {
    if (effect.type === 'start_workflow') void this.#start(effect);
    else if (effect.type === 'stop_workflow') this.#stop(effect.key, effect.reason);
  }

  async close(): Promise<void> {}

  async #start(effect: Start): Promise<void> {
    const { report, instance, signal } = this.#host;
    const { key } = effect;
    let found: FoundWorkflow;
    try {
      found = await this.#begin(effect);
    } catch (error) {
      if (!signal.aborted) report(refusalOf(instance(), key, error));
      return;
    }
    const { workflow_id } = found.record;
    if (isStarting(this.#host, key)) report({ type: 'run_started', key, run_id: workflow_id });
    this.#running.set(key, found);
    if (this.#stops.has(key)) void this.#ask(found, this.#stops.get(key));
    const end = await this.#ended(found);
    if (end !== undefined) report({ type: 'workflow_ended', key, ...end });
    this.#running.delete(key);
  }

  /** How it ended, once nothing of it runs any more. Undefined when this supervisor leaves first. */
  async #ended(found: FoundWorkflow): Promise<WorkflowEnd | undefined> {
    const { host, signal } = this.#host;
    const waited = await waitUntilOver(host, found, signal).catch(() => undefined);
    if (signal.aborted) return undefined;
    if (waited !== undefined && waited.record.broken === undefined) return endOf(waited.instance);
    // It is damaged, and its workers go on until they are ended: what a retry starts must not write beside them.
    const isLetGo = () => !existsSync(found.paths.active) || !existsSync(found.paths.metadata);
    await superviseUntil(host, found, isLetGo, signal);
    return signal.aborted ? undefined : lastKnown(found);
  }

  /** The one there is, or a new one. */
  async #begin({ key, task, max_usd, max_tokens }: Start): Promise<FoundWorkflow> {
    const { host, place, record, plan, instance } = this.#host;
    const earlier = await workflowOfKey(place.workspace, key);
    if (earlier !== undefined) return findWorkflow(host, place, earlier.workflow_id);
    const stop = this.#stops.get(key);
    if (stop !== undefined) throw new CcError('CANCELLED', stop.text);
    const node = nodeAt(plan, indexOf(plan, task.replace(/\[.*$/, '')) ?? -1);
    if (node.kind !== 'workflow') throw new TypeError(`${node.id} is no workflow`);
    const { budget } = node.plan;
    const { record: child } = await launchWorkflow(host, place, {
      plan: node.plan,
      sources: [],
      task: promptOf(plan, instance(), node, taskAt(task)),
      mock: record.mock,
      mockMs: record.mock_ms,
      limits: {
        max_usd: least(budget.max_usd, max_usd),
        max_tokens: least(budget.max_tokens, max_tokens),
      },
      idempotencyKey: key,
      client: record.client,
      parent: { workflow_id: record.workflow_id, key },
    });
    return findWorkflow(host, place, child.workflow_id);
  }

  #stop(key: string, reason: Reason): void {
    this.#stops.set(key, reason);
    const found = this.#running.get(key);
    if (found !== undefined) void this.#ask(found, reason);
  }

  async #ask(found: FoundWorkflow, reason: Reason | undefined): Promise<void> {
    const { host, record } = this.#host;
    const request = { kind: 'stop', text: reason?.text } as const;
    const from = record.workflow_id;
    // What cannot be told is still followed to its end.
    await askWorkflow(host, found, request, { from }).catch(() => undefined);
  }
}

/** Of one that was damaged. */
async function lastKnown({ workspace, record }: FoundWorkflow): Promise<WorkflowEnd> {
  const { workflow_id } = record;
  try {
    const { instance, record: now } = await readWorkflow(workspace, workflow_id);
    const end = endOf(instance);
    return now.broken === undefined ? end : { ...end, state: 'failed', text: now.broken };
  } catch (error) {
    const text = `nothing can be read of it any more: ${toErrorFacts(error).message}`;
    const usage = { usd: null, tokens: 0, elapsed_ms: 0 };
    return { workflow_id, state: 'failed', text, usage };
  }
}

function endOf(instance: Instance): WorkflowEnd {
  const { workflow_id, state, reason, spent, started, ended } = instance;
  const elapsed_ms =
    started === null || ended === null ? 0 : Date.parse(ended) - Date.parse(started);
  return {
    workflow_id,
    state,
    text: reason,
    usage: { ...priceOf(spent), tokens: spent.tokens, elapsed_ms },
    handoffs: handoffsOf(instance),
  };
}

/** Without a price, all it was granted may be gone; otherwise what is not known is what killed runs did last. */
function priceOf({ usd, complete, unpriced_usd }: Instance['spent']) {
  if (complete) return { usd };
  return unpriced_usd > 0 ? { usd: null } : { usd, at_least: true as const };
}

/** By node; of a node with several tasks a list. As much as fits into a prompt. */
function handoffsOf({ nodes }: Instance): JsonObject {
  const handoffs: Record<string, unknown> = {};
  let left = UPSTREAM_BYTES;
  for (const { id, tasks } of nodes) {
    const own = tasks.flatMap(({ result }) => result?.handoff ?? []);
    if (own.length === 0) continue;
    const value = tasks.length === 1 ? own[0] : own;
    left -= byteLength(JSON.stringify(value));
    if (left < 0) break;
    handoffs[id] = value;
  }
  return handoffs;
}

function least(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
