import type { Plan } from '../plan.ts';
import { isOver } from '../vocabulary.ts';
import {
  childStartOf,
  childStopOf,
  repairOf,
  startOf,
  stopOf,
  verificationOf,
  wakeOf,
} from './effect-of.ts';
import type { Effect } from './effects.ts';
import type { Attempt, Instance } from './instance.ts';

/**
 * Everything that should be under way at this moment, with the ids it had when it first came up: what a
 * supervisor that takes over does first. Doing what has been done already changes nothing, so it need
 * not know how far the one before it got.
 */
export function outstanding(plan: Plan, instance: Instance): Effect[] {
  if (instance.state === 'pending' || isOver(instance.state)) return [];
  const { workflow_id, nodes, children, stop, started } = instance;
  const why = (node: string | undefined) => stop?.text ?? node ?? 'its work is not needed any more';
  const flights = nodes.flatMap(({ attempts, reason }) =>
    attempts.flatMap((attempt) => [
      flightOf(plan, attempt),
      ...listOf(stopOf(attempt, why(reason?.text))),
    ]),
  );
  const launched = children.flatMap((child) => [
    childStartOf(plan, child),
    ...(child.stopping ? [childStopOf(child)] : []),
  ]);
  const times = nodes.flatMap(({ tasks, attempts }) => [
    ...tasks.flatMap(({ wake_at }) => listOf(wake_at)),
    ...attempts.flatMap(({ deadline }) => listOf(deadline)),
  ]);
  if (plan.timeout_seconds !== null && started !== null) {
    times.push(new Date(Date.parse(started) + plan.timeout_seconds * 1000).toISOString());
  }
  const wakes = [...new Set(times)].sort().map((at) => wakeOf(workflow_id, at));
  return [...flights, ...launched, ...wakes];
}

function flightOf(plan: Plan, attempt: Attempt): Effect {
  if (attempt.phase === 'repairing') return repairOf(attempt);
  return attempt.phase === 'verifying' ? verificationOf(plan, attempt) : startOf(plan, attempt);
}

function listOf<T>(value: T | null | undefined): T[] {
  return value === null || value === undefined ? [] : [value];
}
