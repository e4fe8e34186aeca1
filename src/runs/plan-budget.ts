import { CcError } from '../core/errors.ts';
import { compact } from '../core/json.ts';
import type { Policy } from '../workspace/policy.ts';
import type { LifetimeBudget, RunBudget } from './spending-fields.ts';

type Numbers = Partial<Record<keyof LifetimeBudget, number | undefined>>;

/** What somebody asks for; the rest comes from the policy. */
export type BudgetRequest = Numbers & {
  idle_seconds?: number | undefined;
  max_output_bytes?: number | undefined;
  lifetime?: Numbers | undefined;
};

/**
 * The budget of a run. `isPriced` tells whether what it uses can be turned into USD: a cap on an amount
 * that nobody knows would not hold, so it is refused.
 */
export function planBudget(
  asked: BudgetRequest,
  policy: Policy['budget'],
  isPriced: boolean,
): RunBudget {
  const lifetime: LifetimeBudget = compact({
    ...policy.lifetime,
    ...compact(asked.lifetime ?? {}),
  });
  const budget: RunBudget = {
    wall_seconds: asked.wall_seconds ?? policy.wall_seconds,
    idle_seconds: asked.idle_seconds ?? policy.idle_seconds,
    max_turns: asked.max_turns ?? policy.max_turns,
    ...compact({
      max_tokens: asked.max_tokens ?? policy.max_tokens,
      max_usd: asked.max_usd ?? policy.max_usd,
      max_output_bytes: asked.max_output_bytes ?? policy.max_output_bytes,
      max_event_bytes: policy.max_event_bytes,
      lifetime: Object.keys(lifetime).length === 0 ? undefined : lifetime,
    }),
  };
  if (!isPriced && (budget.max_usd !== undefined || lifetime.max_usd !== undefined)) {
    throw new CcError('BAD_INPUT', 'max_usd cannot hold: the price of this model is not known.', {
      hint: 'Use max_tokens, or tell the price where the profile is kept (CC_PROFILE_<NAME>_PRICE_INPUT and _PRICE_OUTPUT for environment profiles).',
    });
  }
  return budget;
}
