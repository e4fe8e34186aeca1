import { plural } from '../../core/text.ts';
import { type JsonRecord, textAt } from '../json.ts';
import type { Price, PriceTable } from '../price.ts';
import { parsePrice } from '../prices.ts';

/** CC Switch's price rows as a table; a row that cannot be read is left out, not guessed. */
export function priceTable(rows: readonly JsonRecord[]): {
  prices: PriceTable;
  warnings: string[];
} {
  const prices = new Map<string, Price>();
  let unreadable = 0;
  for (const row of rows) {
    const model = textAt(row, 'model_id')?.toLowerCase();
    const input = parsePrice(row.input_cost_per_million);
    const output = parsePrice(row.output_cost_per_million);
    const cacheRead = parsePrice(row.cache_read_cost_per_million);
    const cacheWrite = parsePrice(row.cache_creation_cost_per_million);
    if (model === undefined || input === undefined || output === undefined) {
      unreadable += 1;
      continue;
    }
    prices.set(model, {
      input,
      output,
      ...(cacheRead === undefined ? {} : { cache_read: cacheRead }),
      ...(cacheWrite === undefined ? {} : { cache_write: cacheWrite }),
      currency: 'USD',
      per: 1_000_000,
      source: 'cc-switch',
    });
  }
  const warnings =
    unreadable === 0
      ? []
      : [
          `${plural(unreadable, "row of CC Switch's price table is", "rows of CC Switch's price table are")} unreadable; those prices are unknown.`,
        ];
  return { prices, warnings };
}
