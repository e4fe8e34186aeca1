import { compact } from '../../core/json.ts';
import type { Reason } from '../vocabulary.ts';
import { because, type Draft } from './draft.ts';
import type { NodeRecord, Result, TaskRecord } from './instance.ts';

type End = 'succeeded' | 'failed' | 'skipped' | 'blocked' | 'cancelled';

/** The one place where a node ends: everybody who waits for it looks again. */
export function settle(draft: Draft, index: number, state: End, reason: Reason): void {
  const plan = draft.planOf(index);
  draft.set(index, state, reason);
  const node = draft.node(index);
  node.failure = null;
  if (state === 'failed') {
    node.failure = {
      fail: 'final',
      continue: 'continued',
      skip_dependents: 'skipping',
      run: 'handling',
    }[plan.on_failure] as NodeRecord['failure'];
  }
  if (plan.handler !== null) draft.reconsider(plan.handler);
  if (plan.handles !== null) handled(draft, plan.handles, state === 'succeeded');
  for (const dependent of plan.dependents) draft.reconsider(dependent);
}

/** The node that handles a failure has ended; who waited for the failed one can go on, or not. */
function handled(draft: Draft, failed: number, recovered: boolean): void {
  if (draft.peek(failed).failure !== 'handling') return;
  draft.node(failed).failure = recovered ? 'recovered' : 'final';
  for (const dependent of draft.planOf(failed).dependents) draft.reconsider(dependent);
}

/** Ends a task, and its node with the last of them. */
export function endTask(
  draft: Draft,
  index: number,
  at: number,
  end: { state: 'succeeded' | 'failed' | 'cancelled'; reason: Reason; result: Result | null },
): void {
  const task = draft.task(index, at);
  task.state = end.state;
  task.reason = end.reason;
  task.wake_at = null;
  if (end.result !== null) task.result = compact(end.result);
  reflect(draft, index);
}

/** The state of a node as its tasks have it. */
export function reflect(draft: Draft, index: number): void {
  const { tasks, state } = draft.peek(index);
  const [only] = tasks;
  if (only === undefined) return;
  const has = (wanted: TaskRecord['state']) => tasks.some((task) => task.state === wanted);
  for (const live of ['running', 'waiting', 'ready'] as const) {
    if (!has(live)) continue;
    if (state !== live || live !== 'running') {
      const reason =
        live === 'running' ? null : (tasks.find((task) => task.state === live)?.reason ?? null);
      draft.set(index, live, reason);
    }
    return;
  }
  const isOne = draft.planOf(index).expansion === null;
  const bad = tasks.filter((task) => task.state !== 'succeeded');
  const [first] = bad;
  if (first === undefined) {
    const text = isOne
      ? (only.reason ?? because('done', 'done'))
      : because('done', `all ${tasks.length} tasks succeeded`);
    settle(draft, index, 'succeeded', text);
    return;
  }
  const state2 = first.state === 'cancelled' ? 'cancelled' : 'failed';
  if (isOne) {
    settle(draft, index, state2, first.reason ?? because('run_failed', 'it failed'));
    return;
  }
  const text = `${bad.length} of ${tasks.length} tasks did not succeed; the first: ${first.reason?.text ?? ''}`;
  const cancelled = bad.find((task) => task.state === 'cancelled');
  if (cancelled === undefined) settle(draft, index, 'failed', because('items_failed', text));
  else settle(draft, index, 'cancelled', cancelled.reason ?? because('stopped', text));
}
