import { reachable } from '../checks/graph.ts';
import type { Plan } from '../plan.ts';
import { isSettled, type ReasonCode } from '../vocabulary.ts';
import { because, type Draft } from './draft.ts';
import { closeAttempt, findAttempt, stopAttempt } from './flight.ts';
import type { NodeRecord, Stale } from './instance.ts';

const KEPT_STALE = 10;
const MAX_ADVICE = 20;

export type TakingBack = {
  code: Extract<ReasonCode, 'taken_back_by_gate' | 'taken_back_by_user' | 'resumed'>;
  text: string;
  /** For the prompts of the targets. */
  advice: readonly string[];
  /** Tasks of the targets that succeeded stay as they are. */
  keepsSuccess?: boolean;
  /** A person says so: gates begin to count again. */
  isGrant?: boolean;
};

/**
 * Takes nodes and everything that came of them back. What they had is kept as stale evidence and counts
 * for nothing; what still runs is stopped, and nothing of a node starts before that has ended.
 */
export function takeBack(draft: Draft, targets: readonly number[], how: TakingBack): void {
  const edges = edgesOf(draft.plan);
  const set = new Set(targets);
  for (const target of targets) for (const index of reachable(target, edges)) set.add(index);
  const settledReady = draft.instance.ready.some(([index]) => set.has(index));
  if (settledReady) draft.setReady(draft.instance.ready.filter(([index]) => !set.has(index)));
  for (const index of set) {
    const isTarget = targets.includes(index);
    if (isTarget || isTouched(draft.peek(index))) one(draft, index, how, isTarget);
    draft.reconsider(index);
  }
}

function isTouched({ state, tasks, attempts }: NodeRecord): boolean {
  return isSettled(state) || tasks.length > 0 || attempts.length > 0;
}

function one(draft: Draft, index: number, how: TakingBack, isTarget: boolean): void {
  const before = draft.peek(index);
  for (const { key, kind } of before.attempts) {
    const found = findAttempt(draft, key);
    if (found === undefined) continue;
    if (kind === 'approval') withdraw(draft, key);
    else stopAttempt(draft, found, 'taken_back', how.text);
  }
  const node = draft.node(index);
  if (isTouched(before)) node.stale = [...node.stale, staleOf(before)].slice(-KEPT_STALE);
  node.round += 1;
  node.failure = null;
  node.advice = isTarget ? how.advice.slice(0, MAX_ADVICE) : [];
  if (how.isGrant) node.gate_retries = 0;
  const isFan = draft.planOf(index).expansion !== null;
  const keeps = how.keepsSuccess === true && isTarget && isFan && before.state !== 'succeeded';
  node.tasks = keeps ? node.tasks.map(again) : [];
  if (!node.tasks.some(({ state }) => state === 'succeeded')) node.tasks = [];
  draft.set(index, 'needs_rerun', because(how.code, how.text));
}

function again(task: NodeRecord['tasks'][number]): NodeRecord['tasks'][number] {
  if (task.state === 'succeeded') return task;
  return { ...task, state: 'ready', reason: null, tries: 0, wake_at: null, result: null };
}

/** A question that is not to be answered any more. */
export function withdraw(draft: Draft, key: string): void {
  const found = findAttempt(draft, key);
  if (found === undefined) return;
  draft.emit({ id: `${key}:withdraw`, type: 'withdraw_approval', key });
  found.attempt.stopping = 'taken_back';
  closeAttempt(draft, found);
}

function staleOf({ round, state, reason, tasks, attempts }: NodeRecord): Stale {
  const results = tasks.flatMap(({ result }) => (result === null ? [] : [result]));
  const runs = [...results, ...attempts].flatMap(({ run_id }) => (run_id ? [run_id] : []));
  return {
    round,
    state,
    code: reason?.code ?? null,
    text: reason?.text ?? '',
    run_ids: [...new Set(runs)],
    usd: results.reduce((sum, { usd = 0 }) => sum + usd, 0),
    tokens: results.reduce((sum, { tokens = 0 }) => sum + tokens, 0),
  };
}

const EDGES = new WeakMap<Plan, readonly (readonly number[])[]>();

/** From each node to what came of it: its dependents, and the node that handles its failure. */
function edgesOf(plan: Plan): readonly (readonly number[])[] {
  let edges = EDGES.get(plan);
  if (edges === undefined) {
    edges = plan.nodes.map(({ dependents, handler, handles }) => [
      ...dependents,
      ...(handler === null ? [] : [handler]),
      // Who waits for the failed node waits for the one that handles its failure.
      ...(handles === null ? [] : (plan.nodes[handles]?.dependents ?? [])),
    ]);
    EDGES.set(plan, edges);
  }
  return edges;
}
