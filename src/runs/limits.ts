import type { Price } from '../profiles/price.ts';
import { billRun } from './bill.ts';
import { type Progress, usageSoFar } from './progress.ts';
import type { RunRecord } from './record.ts';
import type { LifetimeBudget, Spent } from './spending-fields.ts';

/** What can run out. `lifetime_…` counts the whole task, over all its runs. */
type Quantity = 'wall' | 'turns' | 'tokens' | 'usd' | 'output_bytes' | 'event_bytes';
export type LimitName = Quantity | `lifetime_${Quantity}`;

export type Limit = {
  name: LimitName;
  cap: number;
  /** What counts against it; null is an amount nobody knows (the price of a model). */
  used: number | null;
};

/** A cached token that is read costs about a tenth of a fresh one at every provider we know. */
const CACHE_READ_SHARE = 0.1;

/** Tokens as a budget counts them: all of them, those read from a cache at a tenth. */
export function budgetTokens(tokens: {
  input: number;
  output: number;
  cache_read: number;
  cache_write: number;
}): number {
  const { input, output, cache_read, cache_write } = tokens;
  return input + output + cache_write + cache_read * CACHE_READ_SHARE;
}

/** What a run has used so far; the same arithmetic while it runs and for the runs after it. */
function spentBy(progress: Progress, record: RunRecord, elapsedMs: number): Spent {
  const bill = billRun(
    usageSoFar(progress),
    { price: record.price as Price | null, model: record.model, cliPrice: record.cli_price },
    false,
  );
  return {
    elapsed_ms: elapsedMs,
    turns: progress.model_calls,
    tokens: Math.round(budgetTokens(bill.tokens)),
    usd: Object.keys(bill.by_model).length === 0 ? 0 : bill.usd,
  };
}

/** Spent by this run and by everything before it in the same task. */
export function addSpent(a: Spent, b: Spent): Spent {
  return {
    elapsed_ms: a.elapsed_ms + b.elapsed_ms,
    turns: a.turns + b.turns,
    tokens: a.tokens + b.tokens,
    usd: a.usd === null || b.usd === null ? null : Math.round((a.usd + b.usd) * 1e6) / 1e6,
  };
}

export const NOTHING_SPENT: Spent = { elapsed_ms: 0, turns: 0, tokens: 0, usd: 0 };

/** Every limit of a run with what counts against it. */
export function limitsOf(
  record: RunRecord,
  progress: Progress,
  now: { elapsedMs: number; eventBytes: number },
): Limit[] {
  const { budget, lineage } = record;
  const own = spentBy(progress, record, now.elapsedMs);
  const task = addSpent(own, lineage?.spent ?? NOTHING_SPENT);
  return [
    ...limits(budget, own, (quantity) => quantity),
    ...limits(budget.lifetime ?? {}, task, (quantity) => `lifetime_${quantity}`),
    ...capped('output_bytes', budget.max_output_bytes, progress.output_bytes),
    ...capped('event_bytes', budget.max_event_bytes, now.eventBytes),
  ];
}

function limits(
  budget: LifetimeBudget,
  spent: Spent,
  named: (quantity: Quantity) => LimitName,
): Limit[] {
  return [
    ...capped(named('wall'), budget.wall_seconds, spent.elapsed_ms / 1000),
    ...capped(named('turns'), budget.max_turns, spent.turns),
    ...capped(named('tokens'), budget.max_tokens, spent.tokens),
    ...capped(named('usd'), budget.max_usd, spent.usd),
  ];
}

function capped(name: LimitName, cap: number | undefined, used: number | null): Limit[] {
  return cap === undefined ? [] : [{ name, cap, used }];
}

/** Limits for which every model call must be counted before the next one may begin. */
export function isMetered(budget: RunRecord['budget']): boolean {
  const { lifetime } = budget;
  return [budget.max_tokens, budget.max_usd, lifetime?.max_tokens, lifetime?.max_usd].some(
    (cap) => cap !== undefined,
  );
}

/** 0.5 for half used; an unknown amount has no share. */
export function shareOf({ used, cap }: Limit): number {
  return used === null ? 0 : used / cap;
}

/** `tokens 10 200 of 10 000`, for people, models and evidence. */
export function limitText({ name, used, cap }: Limit): string {
  const [unit, digits] = UNITS[name.replace('lifetime_', '') as Quantity];
  const amount = (value: number) => Number(value.toFixed(digits)).toString();
  const scope = name.startsWith('lifetime_') ? ' (whole task)' : '';
  return `${used === null ? 'an unknown amount' : amount(used)} of ${amount(cap)} ${unit}${scope}`;
}

const UNITS: Record<Quantity, [unit: string, digits: number]> = {
  wall: ['seconds', 0],
  turns: ['turns', 0],
  tokens: ['tokens', 0],
  usd: ['USD', 4],
  output_bytes: ['bytes of output', 0],
  event_bytes: ['bytes of events', 0],
};

/** What the next model call will cost at least, judged by the last one: contexts only grow. */
export type CallCost = { tokens: number; usd: number | null };

export function callCost(progress: Progress, record: RunRecord): CallCost {
  const spent = spentBy(progress, record, 0);
  const share = spent.tokens === 0 ? 0 : progress.call_tokens / spent.tokens;
  return {
    tokens: progress.call_tokens,
    usd: spent.usd === null ? null : spent.usd * share,
  };
}

/** The closing words are kept room for only where a call is small against the whole budget. */
const LARGEST_RESERVE = 0.25;
/** The last part of the wall time is for them; shorter parts would not hold a model call. */
const CLOSING_SHARE = 0.1;
const CLOSING_SECONDS = { least: 10, most: 60 };

export type Reached = {
  limit: Limit;
  /** One more short turn fits, so that the worker can say what it leaves behind. */
  affordable: boolean;
};

/**
 * The limit that ends the run before its next model call, if any: one that is used up, or that would
 * not hold another call and the closing words after it.
 */
export function reachedLimit(all: readonly Limit[], call: CallCost): Reached | undefined {
  for (const limit of all) {
    const reached = isReached(limit, call);
    if (reached !== undefined) return { limit, affordable: reached.affordable };
  }
  return undefined;
}

function isReached(
  { name, used, cap }: Limit,
  call: CallCost,
): { affordable: boolean } | undefined {
  if (used === null) return undefined;
  switch (name.replace('lifetime_', '') as Quantity) {
    case 'wall': {
      const reserve = closingSeconds(cap);
      return used >= cap - reserve ? { affordable: reserve > 0 && used < cap } : undefined;
    }
    case 'tokens':
    case 'usd': {
      const one = (name.endsWith('usd') ? call.usd : call.tokens) ?? 0;
      const reserve = one <= cap * LARGEST_RESERVE ? one : 0;
      if (used < cap && used + one + reserve <= cap) return undefined;
      return { affordable: used + one <= cap };
    }
    default:
      return used >= cap ? { affordable: true } : undefined;
  }
}

/** How much of a wall budget is kept for the closing turn. */
export function closingSeconds(wallSeconds: number): number {
  const part = Math.min(CLOSING_SECONDS.most, wallSeconds * CLOSING_SHARE);
  return part < CLOSING_SECONDS.least ? 0 : part;
}

/** Shares at which the worker is told what it has used. */
const NUDGES = [0.5, 0.75, 0.9] as const;

/** The limit that is used most, where that passed a mark the worker has not been told of yet. */
export function nudgeFor(
  all: readonly Limit[],
  told: number,
): { mark: number; limit: Limit } | undefined {
  const [most] = [...all].sort((a, b) => shareOf(b) - shareOf(a));
  if (most === undefined) return undefined;
  const mark = NUDGES.findLast((share) => shareOf(most) >= share);
  return mark === undefined || mark <= told ? undefined : { mark, limit: most };
}
