import type { PlanNode } from '../plan.ts';
import { type Grant, grantFor, NOTHING, reserve } from './budget.ts';
import { because, type Draft } from './draft.ts';
import { startOf, wakeOf } from './effect-of.ts';
import type { Attempt, AttemptKind } from './instance.ts';
import { keyOf } from './keys.ts';
import { poolOf } from './pool.ts';
import { reflect, settle } from './settle.ts';

/** A run may take that much longer than its own limit, which it keeps by itself, before it is stopped. */
const GRACE_MS = 60_000;

/** Starts what is ready, first come first, as far as places and budgets reach. */
export function schedule(draft: Draft): void {
  const { instance, plan } = draft;
  if (instance.state !== 'running' && instance.state !== 'waiting_approval') return;
  const waiting: (readonly [number, number])[] = [];
  let isPoor = false;
  let at = 0;
  const { ready } = instance;
  for (; at < ready.length && instance.live < plan.max_concurrent; at += 1) {
    const entry = ready[at];
    if (entry === undefined) break;
    const node = draft.planOf(entry[0]);
    const start = placeFor(draft, node) ? grantOf(draft, node) : undefined;
    if (start === undefined) {
      isPoor ||= placeFor(draft, node);
      waiting.push(entry);
    } else begin(draft, entry[0], entry[1], start);
  }
  if (at > 0) draft.setReady([...waiting, ...ready.slice(at)]);
  if (isPoor && instance.live === 0) giveUp(draft);
}

function placeFor({ plan, instance }: Draft, node: PlanNode): boolean {
  const profile = node.kind === 'agent' ? node.use.profile : null;
  if (profile === null) return true;
  const limit = plan.profile_limits[profile];
  return limit === undefined || (instance.live_by_profile[profile] ?? 0) < limit;
}

/** Commands cost nothing; a workflow gets a share like a run. */
function grantOf(draft: Draft, node: PlanNode): Grant | undefined {
  if (node.kind === 'command') return NOTHING;
  return grantFor(draft, node.kind === 'agent' ? node.budget : {});
}

function begin(draft: Draft, index: number, at: number, grant: Grant): void {
  const plan = draft.planOf(index);
  const task = draft.task(index, at);
  task.state = 'running';
  task.reason = null;
  task.wake_at = null;
  task.tries += 1;
  const node = draft.node(index);
  const key = keyOf(draft.instance.workflow_id, plan, node, at);
  const kind: AttemptKind = plan.kind === 'agent' ? 'run' : (plan.kind as AttemptKind);
  const profile = plan.kind === 'agent' ? plan.use.profile : null;
  const pool = poolOf(draft.plan, plan.kind === 'agent' ? plan.use.name : '', grant);
  const facts = { key, task: at, kind, profile, reserved: grant, pool };
  const attempt = newAttempt(draft, facts, plan);
  node.attempts.push(attempt);
  reserve(draft, grant);
  draft.instance.live += 1;
  countProfile(draft, profile, 1);
  if (kind !== 'command') {
    draft.instance.spent = { ...draft.instance.spent, runs: draft.instance.spent.runs + 1 };
  }
  reflect(draft, index);
  draft.emit(startOf(draft.plan, attempt));
  if (attempt.deadline !== null) wake(draft, attempt.deadline);
}

export function newAttempt(
  { time, now }: Draft,
  facts: Pick<Attempt, 'key' | 'task' | 'kind' | 'profile' | 'reserved' | 'pool'>,
  { timeout_seconds, kind }: PlanNode,
): Attempt {
  const grace = kind === 'approval' ? 0 : GRACE_MS;
  return {
    ...facts,
    phase: 'starting',
    since: time,
    deadline:
      timeout_seconds === null
        ? null
        : new Date(now + timeout_seconds * 1000 + grace).toISOString(),
    run_id: null,
    model: null,
    stopping: null,
    result: null,
    repair: null,
    requests: [],
  };
}

export function wake(draft: Draft, at: string): void {
  draft.emit(wakeOf(draft.instance.workflow_id, at));
}

export function countProfile({ instance }: Draft, profile: string | null, by: 1 | -1): void {
  if (profile === null) return;
  const { [profile]: count = 0, ...others } = instance.live_by_profile;
  instance.live_by_profile =
    count + by <= 0 ? others : { ...instance.live_by_profile, [profile]: count + by };
}

/** Nothing runs that could free or use up a budget, and nothing is left to start with. */
function giveUp(draft: Draft): void {
  const { limits, spent } = draft.instance;
  const facts = [
    limits.max_usd === undefined
      ? ''
      : `${(spent.usd + spent.unpriced_usd).toFixed(4)} of ${limits.max_usd} USD`,
    limits.max_tokens === undefined ? '' : `${spent.tokens} of ${limits.max_tokens} tokens`,
    limits.max_runs === undefined ? '' : `${spent.runs} of ${limits.max_runs} runs`,
  ].filter((fact) => fact !== '');
  const isNone = spent.runs === 0 && limits.max_runs !== 0;
  const what = isNone ? 'the budget is less than a run needs' : 'the budget is used up';
  const reason = because('budget_exhausted', `${what}: ${facts.join(', ')}`);
  const stuck = new Set(draft.instance.ready.map(([index]) => index));
  draft.setReady([]);
  for (const index of stuck) {
    for (const [at, { state }] of draft.peek(index).tasks.entries()) {
      if (state === 'succeeded' || state === 'failed') continue;
      Object.assign(draft.task(index, at), { state: 'cancelled', reason, wake_at: null });
    }
    settle(draft, index, 'blocked', reason);
  }
}
