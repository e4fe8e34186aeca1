import type { NodeBudget } from '../format/fields.ts';
import type { Draft } from './draft.ts';
import type { Money } from './effects.ts';
import type { Usage } from './events.ts';
import type { Spending } from './instance.ts';

/** Below this a run could not even read its task. */
const LEAST = { usd: 0.001, tokens: 1000 };

export type Grant = { usd: number; tokens: number };
export const NOTHING: Grant = { usd: 0, tokens: 0 };

/**
 * What a run may use: its own cap, or its share of what is left (one part for each free place), never
 * more than is left. Zero is no cap at all. Undefined: nothing worth starting with is left.
 */
export function grantFor({ instance, plan }: Draft, own: NodeBudget): Grant | undefined {
  const { limits, spent, reserved, live } = instance;
  if (limits.max_runs !== undefined && spent.runs >= limits.max_runs) return undefined;
  const places = Math.max(1, plan.max_concurrent - live);
  const part = (cap: number | undefined, used: number, wish: number | undefined, least: number) => {
    if (cap === undefined) return wish ?? 0;
    const left = cap - used;
    const amount = Math.min(left, wish ?? left / places);
    return left < least || amount <= 0 ? undefined : Math.max(amount, Math.min(least, left));
  };
  const usd = part(limits.max_usd, usedUsd(spent) + reserved.usd, own.max_usd, LEAST.usd);
  const tokens = part(
    limits.max_tokens,
    spent.tokens + reserved.tokens,
    own.max_tokens,
    LEAST.tokens,
  );
  if (usd === undefined || tokens === undefined) return undefined;
  return { usd, tokens: Math.floor(tokens) };
}

function usedUsd({ usd, unpriced_usd }: Spending): number {
  return usd + unpriced_usd;
}

/** The grant as caps of a run. */
export function moneyOf({ usd, tokens }: Grant): Money {
  return {
    ...(usd > 0 ? { max_usd: usd } : {}),
    ...(tokens > 0 ? { max_tokens: tokens } : {}),
  };
}

export function reserve({ instance }: Draft, { usd, tokens }: Grant): void {
  const { reserved } = instance;
  instance.reserved = { usd: reserved.usd + usd, tokens: reserved.tokens + tokens };
}

/** Frees what was reserved; rounding never makes it negative, and nothing in flight holds nothing. */
export function release({ instance }: Draft, { usd, tokens }: Grant): void {
  const { reserved } = instance;
  instance.reserved = {
    usd: Math.max(0, reserved.usd - usd),
    tokens: Math.max(0, reserved.tokens - tokens),
  };
}

/** Whether that is all it cost. */
export function isKnown({ usd, at_least }: Usage): boolean {
  return usd !== null && at_least !== true;
}

/** Books what was used, and answers what is left of the grant, which stays reserved. */
export function charge(draft: Draft, usage: Usage, grant: Grant): Grant {
  const { instance } = draft;
  const { spent } = instance;
  // Without a price, all that was granted may be gone.
  const usd = usage.usd ?? grant.usd;
  instance.spent = {
    ...spent,
    usd: spent.usd + (usage.usd ?? 0),
    unpriced_usd: spent.unpriced_usd + (usage.usd === null ? grant.usd : 0),
    tokens: spent.tokens + usage.tokens,
    complete: spent.complete && isKnown(usage),
  };
  const left = {
    usd: Math.max(0, grant.usd - usd),
    tokens: Math.max(0, grant.tokens - usage.tokens),
  };
  release(draft, { usd: grant.usd - left.usd, tokens: grant.tokens - left.tokens });
  return left;
}
