import type { Plan } from '../plan.ts';
import { type Grant, moneyOf } from './budget.ts';
import type { Money } from './effects.ts';
import type { Attempt } from './instance.ts';

/** The part of a grant that is kept for what a run of this role may launch; null where nothing caps it. */
export function poolOf(plan: Plan, role: string, { usd, tokens }: Grant): Attempt['pool'] {
  const rules = plan.delegation.filter((rule) => rule.from === role);
  const share = Math.max(0, ...rules.map((rule) => rule.share));
  return {
    usd: usd > 0 ? usd * share : null,
    tokens: tokens > 0 ? Math.floor(tokens * share) : null,
  };
}

/** What the run of an attempt may use itself: its grant without the pool. */
export function ownMoney({ reserved, pool }: Pick<Attempt, 'reserved' | 'pool'>): Money {
  return moneyOf({
    usd: reserved.usd - (pool.usd ?? 0),
    tokens: reserved.tokens - (pool.tokens ?? 0),
  });
}
