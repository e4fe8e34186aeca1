import { oneLine } from '../../core/text.ts';
import { evaluate, judge } from '../expressions/evaluate.ts';
import type { ApprovalNode, PlanNode } from '../plan.ts';
import { isSettled, type ReasonCode } from '../vocabulary.ts';
import { NOTHING } from './budget.ts';
import { because, type Draft } from './draft.ts';
import { startOf } from './effect-of.ts';
import { evaluateGate } from './gate.ts';
import type { TaskRecord } from './instance.ts';
import { keyOf } from './keys.ts';
import { lookupIn } from './lookup.ts';
import { objectionOf } from './objections.ts';
import { reflect, settle } from './settle.ts';
import { newAttempt, wake } from './start.ts';

/** Looks again at every node something has changed for, until nothing changes any more. */
export function advance(draft: Draft): void {
  for (let index = draft.nextDirty(); index !== undefined; index = draft.nextDirty()) {
    consider(draft, index);
  }
}

/** A node that waits: it starts, is skipped or blocked, or goes on waiting. */
function consider(draft: Draft, index: number) {
  const node = draft.peek(index);
  if (node.state !== 'pending' && node.state !== 'needs_rerun') return;
  const plan = draft.planOf(index);
  const { stop } = draft.instance;
  if (node.attempts.length > 0) {
    // What was taken back has to end first, or two would work at the same thing.
    return;
  }
  if (stop !== null) return settle(draft, index, 'cancelled', because(stop.code, stop.text));
  if (plan.handles !== null) {
    const failed = draft.peek(plan.handles);
    if (failed.failure !== 'handling') {
      if (!isSettled(failed.state)) return;
      const text = `${failed.id} is ${failed.state}, so there is nothing to handle`;
      return settle(draft, index, 'skipped', because('not_needed', text));
    }
  }
  const needs = resolve(draft, plan);
  if (needs === 'open') return;
  if (needs !== 'through')
    return settle(draft, index, needs.state, because(needs.code, needs.text));
  if (!passesWhen(draft, plan)) return;
  const unverified = unverifiedBy(draft, plan);
  if (unverified !== undefined) {
    return settle(draft, index, 'blocked', because('not_verified', unverified));
  }
  if (plan.kind === 'gate') evaluateGate(draft, plan);
  else if (plan.kind === 'approval') ask(draft, plan);
  else enqueue(draft, plan);
}

/** Why a node that must be verified before is not. */
function unverifiedBy(draft: Draft, { verifiers }: PlanNode): string | undefined {
  for (const at of verifiers) {
    const verifier = draft.peek(at);
    const { id, state } = verifier;
    if (state !== 'succeeded') return `${id} has to succeed before, and is ${state}`;
    const against = objectionOf(draft.planOf(at), verifier);
    if (against !== undefined) return `${id} has to let it pass, and ${against}`;
  }
  return undefined;
}

type Needs = 'open' | 'through' | { state: 'blocked' | 'skipped'; code: ReasonCode; text: string };

/** What its needs mean for a node. A gate judges them, however they ended. */
function resolve(draft: Draft, plan: PlanNode): Needs {
  let isOpen = false;
  let skipping: string | undefined;
  for (const need of plan.needs) {
    const { id, state, failure, reason } = draft.peek(need);
    if (!isSettled(state) || failure === 'handling') isOpen = true;
    else if (plan.kind === 'gate') continue;
    else if (state === 'skipped' && reason?.code === 'skipped_after_failure') skipping ??= id;
    else if (state === 'failed' && failure === 'skipping') skipping ??= id;
    else if (state === 'succeeded' || state === 'skipped') continue;
    else if (failure !== 'continued' && failure !== 'recovered') {
      const text = `it needs ${id}, which is ${state}: ${oneLine(reason?.text ?? '', 300)}`;
      return { state: 'blocked', code: 'need_failed', text };
    }
  }
  if (isOpen) return 'open';
  if (skipping === undefined) return 'through';
  const text = `${skipping} failed or was skipped, and what needs it is skipped`;
  return { state: 'skipped', code: 'skipped_after_failure', text };
}

function passesWhen(draft: Draft, { index, when, when_text }: PlanNode): boolean {
  if (when === null) return true;
  const { result, why } = judge(when, lookupIn(draft.plan, draft.instance));
  if (result === true) return true;
  if (result === false) {
    settle(draft, index, 'skipped', because('when_false', `${when_text} does not hold`));
  } else {
    const text = `${when_text} cannot be decided: ${why.join('; ')}`;
    settle(draft, index, 'blocked', because('when_unknown', oneLine(text, 500)));
  }
  return false;
}

function ask(draft: Draft, plan: ApprovalNode): void {
  const node = draft.node(plan.index);
  node.tasks = [{ ...newTask(null), state: 'waiting', tries: 1 }];
  const key = keyOf(draft.instance.workflow_id, plan, node, 0);
  const pool = { usd: null, tokens: null };
  const facts = { key, task: 0, kind: 'approval', profile: null, reserved: NOTHING, pool } as const;
  const attempt = newAttempt(draft, facts, plan);
  node.attempts.push(attempt);
  draft.instance.asking += 1;
  const reason = because('waiting_approval', `somebody has to decide: ${plan.question}`);
  draft.set(plan.index, 'waiting', reason);
  draft.task(plan.index, 0).reason = reason;
  draft.emit(startOf(draft.plan, attempt));
  if (attempt.deadline !== null) wake(draft, attempt.deadline);
}

/** Its tasks are ready; places and budgets say when they start. */
function enqueue(draft: Draft, plan: PlanNode): void {
  const { index } = plan;
  const node = draft.node(index);
  if (node.tasks.length === 0) {
    const items = itemsOf(draft, plan);
    if (items === undefined) return;
    node.tasks = items.map(newTask);
  }
  for (const [at, task] of node.tasks.entries()) {
    if (task.state !== 'ready') continue;
    draft.task(index, at).reason = because('waiting_slot', 'it waits for a free place');
    draft.ready.push([index, at]);
  }
  reflect(draft, index);
}

function newTask(item: unknown): TaskRecord {
  return {
    state: 'ready',
    reason: null,
    item,
    tries: 0,
    refusals: 0,
    failures: [],
    wake_at: null,
    result: null,
  };
}

/** One entry per task; undefined when the node has ended instead. */
function itemsOf(draft: Draft, { index, expansion }: PlanNode): unknown[] | undefined {
  if (expansion === null) return [null];
  if (expansion.kind === 'matrix') return [...expansion.combinations];
  const list = evaluate(expansion.list, lookupIn(draft.plan, draft.instance));
  const { text, max } = expansion;
  if (!list.known || !Array.isArray(list.value)) {
    const why = list.known ? 'is no list' : `is not there: ${list.why}`;
    settle(draft, index, 'failed', because('for_each_invalid', `${text} ${why}`));
  } else if (list.value.length > max) {
    const why = `${text} has ${list.value.length} entries, more than max_items: ${max}`;
    settle(draft, index, 'failed', because('too_many_items', why));
  } else if (list.value.length === 0) {
    settle(draft, index, 'skipped', because('no_items', `${text} is empty`));
  } else return list.value;
  return undefined;
}
