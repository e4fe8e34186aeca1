import { budgetTokens } from '../limits.ts';
import type { ModelUsage } from '../usage/spending.ts';

/** What counts against caps. */
export type Amount = {
  /** Those read from a cache count a tenth. */
  tokens: number;
  /** The known part. */
  usd: number;
  /** Runs of whose tokens some have no known price. */
  unpriced: number;
};

/** Of one run, or of the share of it that some of its models have. */
export function amountOf(models: readonly ModelUsage[]): Amount {
  const amount = { tokens: 0, usd: 0, unpriced: 0 };
  for (const count of models) {
    const tokens = budgetTokens(count);
    amount.tokens += tokens;
    amount.usd += count.usd ?? 0;
    if (count.usd === undefined && tokens > 0) amount.unpriced = 1;
  }
  return amount;
}

export function sumOfAmounts(amounts: Iterable<Amount>): Amount {
  const sum = { tokens: 0, usd: 0, unpriced: 0 };
  for (const { tokens, usd, unpriced } of amounts) {
    sum.tokens += tokens;
    sum.usd += usd;
    sum.unpriced += unpriced;
  }
  return sum;
}
