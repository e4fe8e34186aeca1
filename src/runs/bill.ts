import type { Price } from '../profiles/price.ts';
import { costOf } from '../profiles/prices.ts';
import type { TokenCount, UsageByModel } from '../workers/events.ts';
import type { RunRecord } from './record.ts';
import { isSameModel } from './route.ts';
import type { RunUsage } from './spending-fields.ts';

/** What the price of a run is judged by. */
export type Billing = {
  /** The price at this profile; null where it is not known. */
  price: Price | null;
  /** The model that price is for. A profile's own price is for all its models. */
  model: string | null;
  /** The worker CLI's USD figure may be believed (official login, listed Claude model). */
  cliPrice: boolean;
};

export function billingOf(record: Pick<RunRecord, 'price' | 'model' | 'cli_price'>): Billing {
  return {
    price: record.price as Price | null,
    model: record.model,
    cliPrice: record.cli_price,
  };
}

/** Tokens and USD of a run. A missing price makes the sum unknown: null, never 0. */
export function billRun(usage: UsageByModel, billing: Billing, complete: boolean): RunUsage {
  const tokens = { input: 0, output: 0, cache_read: 0, cache_write: 0 };
  const by_model: [string, Record<string, number>][] = [];
  let usd: number | null = 0;
  for (const [model, count] of Object.entries(usage)) {
    tokens.input += count.input;
    tokens.output += count.output;
    tokens.cache_read += count.cache_read;
    tokens.cache_write += count.cache_write;
    const cost = costOfModel(model, count, billing);
    usd = usd === null || cost === undefined ? null : usd + cost;
    const { cli_usd: _ignored, ...counts } = count;
    by_model.push([model, { ...counts, ...(cost === undefined ? {} : { usd: round(cost) }) }]);
  }
  return {
    tokens,
    by_model: Object.fromEntries(by_model),
    usd: usd === null || Object.keys(usage).length === 0 ? null : round(usd),
    usd_source: billing.price?.source ?? (billing.cliPrice ? 'claude-code' : 'unknown'),
    complete,
  };
}

function costOfModel(
  model: string,
  count: TokenCount,
  { price, model: priced, cliPrice }: Billing,
): number | undefined {
  if (price === null) return cliPrice ? count.cli_usd : undefined;
  const applies = price.source === 'profile' || priced === null || isSameModel(priced, model);
  return applies ? costOf(count, price) : undefined;
}

/** Micro-dollars are as fine as any price list. */
function round(usd: number): number {
  return Math.round(usd * 1e6) / 1e6;
}
