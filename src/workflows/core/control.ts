import { oneLine } from '../../core/text.ts';
import { isOver, isSettled } from '../vocabulary.ts';
import { takeBack, withdraw } from './back.ts';
import { because, type Draft } from './draft.ts';
import type { WorkflowEvent } from './events.ts';
import { findAttempt, stopAttempt } from './flight.ts';
import { indexOf } from './keys.ts';
import { settle } from './settle.ts';
import { wake } from './start.ts';

type Event<T extends WorkflowEvent['type']> = Extract<WorkflowEvent, { type: T }>;

export function begin(draft: Draft): void {
  const { instance, plan } = draft;
  if (instance.state !== 'pending') return;
  instance.state = 'running';
  instance.started = draft.time;
  for (const node of plan.nodes) {
    if (node.needs.length === 0) draft.reconsider(node.index);
  }
  if (plan.timeout_seconds !== null) wake(draft, deadlineOf(draft, plan.timeout_seconds));
}

function deadlineOf({ instance, now }: Draft, seconds: number): string {
  const start = instance.started === null ? now : Date.parse(instance.started);
  return new Date(start + seconds * 1000).toISOString();
}

/** Ends everything: what runs is told to, what waits is cancelled at once. */
export function stop(
  draft: Draft,
  code: 'stopped' | 'workflow_timeout',
  by: string,
  text: string,
): void {
  const { instance } = draft;
  if (isOver(instance.state) || instance.stop !== null) return;
  instance.stop = { code, by, text };
  draft.setReady([]);
  const reason = because(code, text);
  for (const [index, { state, attempts }] of instance.nodes.entries()) {
    for (const { key, kind } of attempts) {
      const found = findAttempt(draft, key);
      if (kind === 'approval') withdraw(draft, key);
      else if (found !== undefined) stopAttempt(draft, found, code, text);
    }
    if (isSettled(state)) continue;
    for (const [at, task] of draft.peek(index).tasks.entries()) {
      if (task.state !== 'ready' && task.state !== 'waiting') continue;
      Object.assign(draft.task(index, at), { state: 'cancelled', reason, wake_at: null });
    }
    if (draft.peek(index).attempts.length === 0) settle(draft, index, 'cancelled', reason);
  }
}

export function stopAsked(draft: Draft, { by, text }: Event<'stop_asked'>): void {
  const why = text === undefined ? '' : `: ${oneLine(text, 500)}`;
  stop(draft, 'stopped', by, `stopped by ${oneLine(by, 100)}${why}`);
}

/** Goes on after an end: what did not succeed is done again, and what came of it. */
export function resumeAsked(draft: Draft, { by, limits }: Event<'resume_asked'>): void {
  const { instance } = draft;
  if (!isOver(instance.state)) return;
  const targets = instance.nodes.flatMap((node, index) => {
    const isBad =
      node.state === 'failed' && (node.failure === 'final' || node.failure === 'handling');
    return isBad || node.state === 'blocked' || node.state === 'cancelled' ? [index] : [];
  });
  if (targets.length === 0 && instance.state !== 'needs_rerun') return;
  targets.push(...judgedBy(draft, targets));
  instance.limits = { ...instance.limits, ...limits };
  instance.stop = null;
  instance.state = 'running';
  instance.ended = null;
  instance.started ??= draft.time;
  instance.granted_round = instance.round;
  const text = `resumed by ${oneLine(by, 100)}`;
  const how = { code: 'resumed', text, keepsSuccess: true, isGrant: true } as const;
  takeBack(draft, targets, { ...how, advice: [] });
  for (const index of instance.nodes.keys()) draft.reconsider(index);
  const { timeout_seconds } = draft.plan;
  if (timeout_seconds !== null) {
    instance.started = draft.time;
    wake(draft, deadlineOf(draft, timeout_seconds));
  }
}

/**
 * What gates among these nodes have judged, where they cannot go back by themselves: decided by the same
 * evidence once more they would only fail again.
 */
function judgedBy(draft: Draft, targets: readonly number[]): number[] {
  const needs = targets.flatMap((index) => {
    const plan = draft.planOf(index);
    const isStuck = plan.kind === 'gate' && plan.on_fail === null;
    return isStuck && draft.peek(index).state === 'failed' ? plan.needs : [];
  });
  return [...new Set(needs)].filter((index) => {
    const { state } = draft.peek(index);
    return !targets.includes(index) && (state === 'succeeded' || state === 'failed');
  });
}

/** Takes a node and all that came of it back. After an end it waits for `resume_asked`. */
export function retryAsked(draft: Draft, { node, by, text }: Event<'retry_asked'>): void {
  const { instance, plan } = draft;
  const index = indexOf(plan, node);
  if (
    index === undefined ||
    instance.state === 'pending' ||
    (instance.stop !== null && !isOver(instance.state))
  )
    return;
  const { state, attempts } = draft.peek(index);
  if (!isSettled(state) && attempts.length === 0 && state !== 'waiting') return;
  const why = text === undefined ? '' : `: ${oneLine(text, 500)}`;
  takeBack(draft, [index], {
    code: 'taken_back_by_user',
    text: `${node} is to be done again, says ${oneLine(by, 100)}${why}`,
    advice: text === undefined ? [] : [oneLine(text, 500)],
    isGrant: true,
  });
  instance.granted_round = instance.round;
  if (!isOver(instance.state)) return;
  instance.state = 'needs_rerun';
  instance.reason = `${node} and what came of it are to be done again, once it is resumed`;
  instance.stop = null;
}
