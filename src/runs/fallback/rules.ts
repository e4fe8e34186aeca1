import type { FailureClass } from '../../core/vocabulary.ts';
import { LEAST_CAPS } from '../../workspace/budget-caps.ts';
import { budgetTokens } from '../limits.ts';
import type { MovedFrom, RunRecord } from '../record.ts';
import type { RunBudget } from '../spending-fields.ts';

/**
 * What another provider or model may well do better. A crash, a full disk or an answer nobody could
 * use say nothing about the route; a run that stalled is to be started again where it was.
 */
const MOVING: ReadonlySet<FailureClass> = new Set([
  'rate_limited',
  'provider_overload',
  'network',
  'auth_failed',
  'billing',
  'provider_capability',
  'context_overflow',
  'no_output',
]);

/** Failures of the place the model is served at, whatever the key. */
const OF_HOST: ReadonlySet<FailureClass> = new Set(['provider_overload', 'network', 'no_output']);

/** The next profile of the same account would serve as well: these speak about the model. */
const OF_MODEL: ReadonlySet<FailureClass> = new Set(['provider_capability', 'context_overflow']);

export const MAX_MOVES = 3;
/** A task nobody asked after for so long is not begun again by a look at it. */
const FRESH_MS = 24 * 3_600_000;

export function callsForMove(record: RunRecord): boolean {
  const failure = record.outcome?.failure.class;
  return failure !== undefined && MOVING.has(failure) && record.fallback !== undefined;
}

export function isOfHost(record: RunRecord): boolean {
  const failure = record.outcome?.failure.class;
  return failure !== undefined && OF_HOST.has(failure);
}

export function isOfAccount(record: RunRecord): boolean {
  const failure = record.outcome?.failure.class;
  return failure !== undefined && !OF_MODEL.has(failure);
}

/** The idempotency key of the run its task is moved to. */
export function keyOf({ run_id }: Pick<RunRecord, 'run_id'>): string {
  return `fallback:${run_id}`;
}

const OFF = {
  named: 'its profile or model was named, and that is kept to',
  declined: 'it was started with fallback: false',
  policy_off: 'routing.fallback of the policy is off',
} as const;

/** Why the task of a failed run is not moved, whatever else could take it; undefined where it may be. */
export function whyItStays(record: RunRecord, now: number): string | undefined {
  const { fallback, lineage, ended } = record;
  if (fallback !== undefined && fallback !== 'on') return OFF[fallback];
  if ((lineage?.moved?.length ?? 0) >= MAX_MOVES) return `it was moved ${MAX_MOVES} times already`;
  if (ended !== undefined && now - Date.parse(ended) > FRESH_MS) {
    return 'it ended more than a day ago';
  }
  const budget = remainingBudget(record);
  return 'spent' in budget ? `its budget is used up: ${budget.spent}` : undefined;
}

/** What is left of the budget of a run for those its task is moved to: a move buys no new one. */
export function remainingBudget(record: RunRecord): { left: RunBudget } | { spent: string } {
  const { budget, outcome, elapsed_ms = 0 } = record;
  const { max_tokens, max_usd } = budget;
  const usd = outcome?.usage.usd;
  const tokens = outcome === undefined ? 0 : Math.round(budgetTokens(outcome.usage.tokens));
  const isFree = tokens === 0;
  if (max_usd !== undefined && usd === null && !isFree) {
    return { spent: 'what it has cost so far is not known, so max_usd could not hold' };
  }
  const left: RunBudget = {
    ...budget,
    wall_seconds: Math.floor(budget.wall_seconds - elapsed_ms / 1000),
    max_turns: budget.max_turns - (outcome?.model_calls ?? 0),
    ...(max_tokens === undefined ? {} : { max_tokens: max_tokens - tokens }),
    ...(max_usd === undefined ? {} : { max_usd: round(max_usd - (usd ?? 0)) }),
  };
  if (left.wall_seconds < LEAST_CAPS.wall_seconds) return { spent: 'wall_seconds' };
  if (left.max_turns < LEAST_CAPS.max_turns) return { spent: 'max_turns' };
  if ((left.max_tokens ?? Infinity) < LEAST_CAPS.max_tokens) return { spent: 'max_tokens' };
  if ((left.max_usd ?? 1) <= 0) return { spent: 'max_usd' };
  return { left };
}

function round(usd: number): number {
  return Math.round(usd * 1e6) / 1e6;
}

/** The runs this task was in before, this one included, as those after it are told. */
export function movedFrom(record: RunRecord, until: string | undefined): MovedFrom[] {
  const { run_id, profile, model, outcome, lineage } = record;
  return [
    ...(lineage?.moved ?? []),
    {
      run_id,
      profile: profile.id,
      model: model ?? 'default',
      class: outcome?.failure.class ?? 'unknown',
      ...(until === undefined ? {} : { until }),
    },
  ];
}

/** `rate_limited until 2026-11-21T…`, for people. */
export function movedBecause({ class: failure, until }: MovedFrom): string {
  return until === undefined ? failure : `${failure} until ${until}`;
}
