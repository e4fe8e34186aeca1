import { oneLine } from '../../core/text.ts';
import type { FailureClass } from '../../core/vocabulary.ts';
import type { Retry } from '../plan.ts';
import type { ReasonCode } from '../vocabulary.ts';
import { because, type Draft } from './draft.ts';
import type { Result } from './instance.ts';
import { endTask, reflect } from './settle.ts';
import { wake } from './start.ts';

/** Another attempt ends the same way; a person has to do something first. */
const HOPELESS: ReadonlySet<FailureClass> = new Set([
  'auth_failed',
  'billing',
  'disk_full',
  'launch_environment',
  'provider_capability',
]);
const MAX_BACKOFF_MS = 3_600_000;
const KEPT_FAILURES = 5;
const FAILURE_CHARS = 1000;

export type Failure = {
  code: ReasonCode;
  text: string;
  class: FailureClass;
  result: Result | null;
  /** The worker did its work, and what it found is not good: doing it again finds the same. */
  isFinding?: boolean;
};

/** An attempt has failed: another one after a while, or the end of the task. */
export function failTask(draft: Draft, index: number, at: number, failure: Failure): void {
  const { retry } = draft.planOf(index);
  const task = draft.task(index, at);
  const text = oneLine(failure.text, FAILURE_CHARS);
  task.failures = [...task.failures, text].slice(-KEPT_FAILURES);
  if (failure.result !== null) task.result = failure.result;
  const retries = task.tries - 1;
  if (failure.isFinding || retries >= retry.max_retries || !helps(retry, failure.class)) {
    const tried = task.tries > 1 ? ` (attempt ${task.tries})` : '';
    const reason = because(failure.code, `${text}${tried}`);
    endTask(draft, index, at, { state: 'failed', reason, result: failure.result });
    return;
  }
  const ms = Math.min(MAX_BACKOFF_MS, retry.backoff_seconds * 1000 * 2 ** retries);
  again(draft, index, at, ms, `attempt ${task.tries} failed: ${text}`);
}

/** The task is ready again, at once or after a while. */
export function again(draft: Draft, index: number, at: number, ms: number, why: string): void {
  const task = draft.task(index, at);
  if (ms <= 0) {
    task.state = 'ready';
    task.reason = because('waiting_slot', why);
    draft.ready.push([index, at]);
  } else {
    const due = new Date(draft.now + ms).toISOString();
    task.state = 'waiting';
    task.reason = because('backoff', `${why}; again at ${due}`);
    task.wake_at = due;
    wake(draft, due);
  }
  reflect(draft, index);
}

function helps({ on }: Retry, failure: FailureClass): boolean {
  return on === null ? !HOPELESS.has(failure) : on.includes(failure);
}
