import { charge, type Grant, release } from './budget.ts';
import type { Draft } from './draft.ts';
import { childStartOf, childStopOf } from './effect-of.ts';
import type { RunEnd, WorkflowEvent } from './events.ts';
import type { Attempt, Child } from './instance.ts';
import { nodeOfKey } from './keys.ts';

type Asked = Extract<WorkflowEvent, { type: 'delegation_asked' }>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Least a launched run gets; asking for less is asking for nothing. */
const LEAST_USD = 0.001;
const LEAST_TOKENS = 1000;

/** A run wants to launch another: by the rules of the file, and out of what was kept for it. */
export function delegationAsked(draft: Draft, event: Asked) {
  const asker = askerOf(draft, event.parent);
  if (asker === undefined) return refuse(draft, event, 'the run that asks is over');
  const { attempt, role, depth, launched } = asker;
  const id = `${event.parent}/${event.request}`;
  if (attempt.requests.includes(id)) return answerAgain(draft, event);
  attempt.requests = [...attempt.requests, id];
  const rule = draft.plan.delegation.find(
    ({ from, to }) => from === role && to.name === event.role,
  );
  if (attempt.stopping !== null) return refuse(draft, event, 'the run that asks is being stopped');
  if (rule === undefined) {
    return refuse(draft, event, `${role} may not launch ${event.role}`);
  }
  if (depth > rule.depth) return refuse(draft, event, `it may go ${rule.depth} deep, not deeper`);
  if (launched >= rule.max_runs) return refuse(draft, event, `${rule.max_runs} runs were launched`);
  const { max_runs } = draft.instance.limits;
  if (max_runs !== undefined && draft.instance.spent.runs >= max_runs) {
    return refuse(draft, event, `the workflow has had its ${max_runs} runs`);
  }
  const usd = partOf(attempt.pool.usd, event.max_usd ?? rule.to.budget.max_usd, LEAST_USD);
  const tokens = partOf(
    attempt.pool.tokens,
    event.max_tokens ?? rule.to.budget.max_tokens,
    LEAST_TOKENS,
  );
  if (usd === undefined || tokens === undefined) {
    return refuse(draft, event, 'nothing is left of the budget kept for it');
  }
  launch(draft, event, { attempt, depth, grant: { usd, tokens } });
}

/** Who took over may not know that it was answered. */
function answerAgain(draft: Draft, event: Asked) {
  const { parent, request } = event;
  const child = draft.instance.children.find(
    (item) => item.parent === parent && item.request === request,
  );
  if (child === undefined) return refuse(draft, event, 'this request was decided before');
  const id = `${parent}:${request}`;
  draft.emit({ id, type: 'answer_delegation', parent, request, key: child.key });
}

type Asker = { attempt: Mutable<Attempt>; role: string; depth: number; launched: number };

function askerOf(draft: Draft, key: string): Asker | undefined {
  const child = draft.instance.children.find((item) => item.key === key);
  const root = child?.root ?? key;
  const index = nodeOfKey(draft.plan, root);
  if (index === undefined) return undefined;
  if (!draft.peek(index).attempts.some((item) => item.key === root)) return undefined;
  const attempt = draft.attempt(index, root);
  const plan = draft.planOf(index);
  if (attempt === undefined || plan.kind !== 'agent') return undefined;
  if (child !== undefined) {
    return { attempt, role: child.role, depth: child.depth + 1, launched: child.launched };
  }
  const launched = attempt.requests.filter((id) => id.startsWith(`${key}/`)).length;
  return { attempt, role: plan.use.name, depth: 1, launched };
}

/** A part of the pool: what is asked for, or half of what is left; no cap where there is none. */
function partOf(pool: number | null, wish: number | undefined, least: number): number | undefined {
  if (pool === null) return wish ?? 0;
  const part = Math.min(pool, wish ?? pool / 2);
  return part < least ? undefined : part;
}

function launch(
  draft: Draft,
  event: Asked,
  { attempt, depth, grant }: { attempt: Mutable<Attempt>; depth: number; grant: Grant },
): void {
  const { instance } = draft;
  const key = `${attempt.key}>${attempt.requests.length}`;
  const { pool, reserved } = attempt;
  attempt.pool = {
    usd: pool.usd === null ? null : pool.usd - grant.usd,
    tokens: pool.tokens === null ? null : pool.tokens - grant.tokens,
  };
  // It stays reserved, only for another run.
  const moved = {
    usd: pool.usd === null ? 0 : grant.usd,
    tokens: pool.tokens === null ? 0 : grant.tokens,
  };
  attempt.reserved = { usd: reserved.usd - moved.usd, tokens: reserved.tokens - moved.tokens };
  const { parent, request, role, task } = event;
  const asked = { parent, request, role, task, depth };
  const facts = { launched: 0, run_id: null, granted: grant, reserved: moved, stopping: false };
  const child: Child = { key, root: attempt.key, ...asked, ...facts };
  const others = instance.children.map((item) =>
    item.key === parent ? { ...item, launched: item.launched + 1 } : item,
  );
  instance.children = [...others, child];
  instance.spent = { ...instance.spent, runs: instance.spent.runs + 1 };
  draft.emit(childStartOf(draft.plan, child));
  draft.emit({ id: `${parent}:${request}`, type: 'answer_delegation', parent, request, key });
}

function refuse(draft: Draft, { parent, request }: Asked, refused: string): void {
  const id = `${parent}:${request}`;
  draft.emit({ id, type: 'answer_delegation', parent, request, refused });
}

/** Whether an event is about a launched run, and then what it means. */
export function childEvent(draft: Draft, event: WorkflowEvent): boolean {
  if (!('key' in event)) return false;
  const child = draft.instance.children.find(({ key }) => key === event.key);
  if (child === undefined) return event.key.includes('>');
  if (event.type === 'run_started') replace(draft, child, { ...child, run_id: event.run_id });
  else if (event.type === 'run_ended') over(draft, child, event);
  else if (event.type === 'start_refused' && event.retry_after_ms === undefined) {
    over(draft, child, undefined);
  }
  return true;
}

/** What is left of its budget goes back to whoever it came from, if that is still there. */
function over(draft: Draft, child: Child, event: RunEnd | undefined): void {
  const left = event === undefined ? child.reserved : charge(draft, event.usage, child.reserved);
  replace(draft, child, undefined);
  const root = askerOf(draft, child.root);
  if (root === undefined) {
    release(draft, left);
    return;
  }
  const { attempt } = root;
  const { pool, reserved } = attempt;
  attempt.pool = {
    usd: pool.usd === null ? null : pool.usd + left.usd,
    tokens: pool.tokens === null ? null : pool.tokens + left.tokens,
  };
  attempt.reserved = { usd: reserved.usd + left.usd, tokens: reserved.tokens + left.tokens };
}

function replace(draft: Draft, child: Child, by: Child | undefined): void {
  const { children } = draft.instance;
  draft.instance.children = children.flatMap((item) =>
    item.key === child.key ? (by === undefined ? [] : [by]) : [item],
  );
}

/** Who launched them is over, so nobody waits for them. */
export function stopChildren(draft: Draft, { key }: Pick<Attempt, 'key'>): void {
  for (const child of draft.instance.children) {
    if (child.root !== key || child.stopping) continue;
    replace(draft, child, { ...child, stopping: true });
    draft.emit(childStopOf(child));
  }
}
