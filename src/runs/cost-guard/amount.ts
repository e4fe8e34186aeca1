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

/** A cached token that is read costs about a tenth of a fresh one at every provider we know. */
const CACHE_READ_SHARE = 0.1;

/** Of one run, or of the share of it that some of its models have. */
export function amountOf(models: readonly ModelUsage[]): Amount {
  const amount = { tokens: 0, usd: 0, unpriced: 0 };
  for (const { input, output, cache_read, cache_write, usd } of models) {
    const tokens = input + output + cache_write + cache_read * CACHE_READ_SHARE;
    amount.tokens += tokens;
    amount.usd += usd ?? 0;
    if (usd === undefined && tokens > 0) amount.unpriced = 1;
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
