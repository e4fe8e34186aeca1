import { compact } from '../core/json.ts';
import type { Price, PriceTable } from '../profiles/price.ts';
import type { RoutingPolicy } from '../workspace/routing-policy.ts';
import { BUILT_IN_PRICES } from './built-in.ts';
import type { Catalog } from './catalog.ts';

/**
 * Every price that is known, by model id: the user's own, else CC Switch's, else the catalogue's, else
 * the built-in one. What is in none of them stays unknown.
 */
export function mergedPrices(
  own: RoutingPolicy['prices'],
  ccSwitch: PriceTable,
  catalog: Catalog | undefined,
): PriceTable {
  const key = JSON.stringify(own);
  if (last?.key === key && last.ccSwitch === ccSwitch && last.catalog === catalog) {
    return last.table;
  }
  const table = merged(own, ccSwitch, catalog);
  last = { key, ccSwitch, catalog, table };
  return table;
}

/** The last table: as long as its sources are the same, what was looked up in it is known. */
let last:
  | { key: string; ccSwitch: PriceTable; catalog: Catalog | undefined; table: PriceTable }
  | undefined;

function merged(
  own: RoutingPolicy['prices'],
  ccSwitch: PriceTable,
  catalog: Catalog | undefined,
): PriceTable {
  const table = new Map<string, Price>();
  for (const [model, [input, output, cache_read, cache_write]] of Object.entries(BUILT_IN_PRICES)) {
    table.set(model, { input, output, cache_read, cache_write, ...UNIT, source: 'built-in' });
  }
  for (const { id, price } of catalog?.models ?? []) {
    const name = tableName(id);
    if (price !== undefined && name !== undefined) {
      table.set(name, { ...compact(price), ...UNIT, source: 'catalog' });
    }
  }
  for (const [model, price] of ccSwitch) table.set(model, price);
  for (const [model, price] of Object.entries(own)) {
    table.set(model.trim().toLowerCase(), { ...compact(price), ...UNIT, source: 'policy' });
  }
  return table;
}

const UNIT = { currency: 'USD', per: 1_000_000 } as const;

/** `vendor/model` as tables spell it. A variant (`model:free`) is another offer, not the model's price. */
export function tableName(id: string): string | undefined {
  const name = id.slice(id.lastIndexOf('/') + 1).toLowerCase();
  return name === '' || name.includes(':') ? undefined : name;
}
