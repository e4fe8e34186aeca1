import type { Price, PriceTable } from './price.ts';
import { priceKeys } from './price-keys.ts';
import type { Profile } from './profile.ts';

/** Tokens of one kind each; `input` does not include the cached ones. */
export type TokenUsage = {
  input: number;
  output: number;
  cache_read?: number;
  cache_write?: number;
};

/** What this model costs at this profile, or undefined: an unknown price stays unknown. */
export function priceFor(profile: Profile, model: string, table: PriceTable): Price | undefined {
  const own = lookUpPrice(model, ownTable(profile)) ?? profile.price;
  if (own !== undefined) return own;
  // For the login the CLI's own figure is the right one; a table would only be a second opinion.
  if (profile.kind === 'login') return undefined;
  const price = lookUpPrice(model, table);
  return price === undefined ? undefined : scaled(price, profile.cost_multiplier ?? 1);
}

/** What was looked up in a table, because that may take a pass over all of it. */
const answers = new WeakMap<PriceTable, Map<string, Price | undefined>>();

/** The price of a model id as vendors and gateways spell it. */
export function lookUpPrice(model: string, table: PriceTable): Price | undefined {
  const known = answers.get(table) ?? new Map<string, Price | undefined>();
  answers.set(table, known);
  if (!known.has(model)) known.set(model, search(model, table));
  return known.get(model);
}

const NONE: PriceTable = new Map();

function ownTable({ prices }: Profile): PriceTable {
  if (prices === undefined) return NONE;
  return new Map(Object.entries(prices).map(([model, price]) => [model.toLowerCase(), price]));
}

function search(model: string, table: PriceTable): Price | undefined {
  const { exact, dated } = priceKeys(model);
  for (const key of exact) {
    const price = table.get(key);
    if (price !== undefined) return price;
  }
  const matching = [...table.keys()].filter((id) => dated.some((shape) => shape.test(id)));
  const shortest = matching.sort((a, b) => a.length - b.length || (a < b ? -1 : 1))[0];
  return shortest === undefined ? undefined : table.get(shortest);
}

/** USD, or undefined when a price is missing for tokens that were used. */
export function costOf(usage: TokenUsage, price: Price | undefined): number | undefined {
  if (price === undefined) return undefined;
  const parts: [number, number | undefined][] = [
    [usage.input, price.input],
    [usage.output, price.output],
    [usage.cache_read ?? 0, price.cache_read],
    [usage.cache_write ?? 0, price.cache_write],
  ];
  let total = 0;
  for (const [tokens, each] of parts) {
    if (tokens === 0) continue;
    if (each === undefined || !Number.isFinite(tokens) || tokens < 0) return undefined;
    total += tokens * each;
  }
  return total / price.per;
}

/** A non-negative decimal amount; anything else (also a comma or a currency sign) is unknown. */
export function parsePrice(text: unknown): number | undefined {
  const plain = typeof text === 'number' ? String(text) : text;
  if (typeof plain !== 'string' || !/^\d{1,9}(?:\.\d{1,12})?$|^\.\d{1,12}$/.test(plain.trim())) {
    return undefined;
  }
  return Number(plain);
}

function scaled(price: Price, factor: number): Price {
  return {
    ...price,
    input: price.input * factor,
    output: price.output * factor,
    ...(price.cache_read === undefined ? {} : { cache_read: price.cache_read * factor }),
    ...(price.cache_write === undefined ? {} : { cache_write: price.cache_write * factor }),
  };
}
