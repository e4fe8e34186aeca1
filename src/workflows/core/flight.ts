import { release } from './budget.ts';
import { stopChildren } from './children.ts';
import { because, type Draft } from './draft.ts';
import { stopOf } from './effect-of.ts';
import type { Attempt } from './instance.ts';
import { nodeOfKey } from './keys.ts';
import { failTask } from './retry.ts';
import { endTask } from './settle.ts';
import { countProfile } from './start.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export type Found = { index: number; attempt: Mutable<Attempt> };

/** What is in flight under a key, for writing; undefined once it has ended. */
export function findAttempt(draft: Draft, key: string): Found | undefined {
  const index = nodeOfKey(draft.plan, key);
  if (index === undefined) return undefined;
  if (!draft.peek(index).attempts.some((attempt) => attempt.key === key)) return undefined;
  const attempt = draft.attempt(index, key);
  return attempt === undefined ? undefined : { index, attempt };
}

/** Takes an attempt out of flight, and does what follows when it was told to end. */
export function closeAttempt(draft: Draft, { index, attempt }: Found): void {
  const node = draft.node(index);
  node.attempts = node.attempts.filter(({ key }) => key !== attempt.key);
  if (attempt.kind === 'approval') draft.instance.asking -= 1;
  else {
    draft.instance.live -= 1;
    countProfile(draft, attempt.profile, -1);
  }
  release(draft, attempt.reserved);
  stopChildren(draft, attempt);
  const { stopping, task, result } = attempt;
  if (stopping === 'taken_back') draft.reconsider(index);
  else if (stopping === 'timed_out') {
    const text = `it took longer than ${draft.planOf(index).timeout_seconds} s`;
    const failure = { code: 'timed_out', text, class: 'timeout', result } as const;
    failTask(draft, index, task, failure);
  } else if (stopping !== null) {
    const reason = because(stopping, draft.instance.stop?.text ?? 'the workflow was stopped');
    endTask(draft, index, task, { state: 'cancelled', reason, result });
  }
}

/** Tells something in flight to end. Its place stays taken until it has. */
export function stopAttempt(
  draft: Draft,
  { attempt }: Found,
  stopping: Exclude<Attempt['stopping'], null>,
  text: string,
): void {
  // What was stopped for a better reason stays so; a time limit gives way to everything.
  if (attempt.stopping !== null && attempt.stopping !== 'timed_out') return;
  const isTold = attempt.stopping !== null;
  attempt.stopping = stopping;
  if (isTold) return;
  const effect = stopOf(attempt, text);
  if (effect !== undefined) draft.emit(effect);
}
