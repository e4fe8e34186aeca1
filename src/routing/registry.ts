import { contextWindowFor } from '../profiles/models.ts';
import { priceFor } from '../profiles/prices.ts';
import type { Profile } from '../profiles/profile.ts';
import type { RoutingPolicy } from '../workspace/routing-policy.ts';
import { BUILT_IN_WINDOWS } from './built-in.ts';
import type { Catalog, CatalogModel } from './catalog.ts';
import type { Evidence } from './evidence.ts';
import { bareModel, routeKey } from './keys.ts';
import { tableName } from './price-table.ts';
import { latencyOf } from './quality.ts';
import { routeStatus } from './status.ts';
import { offersOf } from './tier.ts';

/** One model at one profile with everything known of it; `from` says who says so. */
export type RegistryRow = {
  model: string;
  profile: string;
  price?: { input: number; output: number; from: string };
  context_window?: { tokens: number; from: string };
  supports?: { what: string[]; from: string };
  benchmarks?: { suite: string; score: number; n: number; date: string }[];
  history?: { runs: number; succeeded: number; ms_per_call?: number };
  trust: string;
  cooldown?: string;
};

/** Every model that may be chosen, in the order of the profiles. */
export function registryRows(
  profiles: readonly Profile[],
  evidence: Evidence,
  catalog: Catalog | undefined,
  routing: RoutingPolicy,
): RegistryRow[] {
  const listed = new Map<string, CatalogModel>();
  for (const model of catalog?.models ?? []) {
    const name = tableName(model.id);
    if (name !== undefined) listed.set(name, model);
  }
  return profiles
    .filter(({ usable }) => usable)
    .flatMap((profile) =>
      offersOf(profile).map(({ model }) => row(profile, model, evidence, listed, routing)),
    );
}

function row(
  profile: Profile,
  model: string,
  evidence: Evidence,
  listed: ReadonlyMap<string, CatalogModel>,
  routing: RoutingPolicy,
): RegistryRow {
  const key = routeKey({ profile: profile.id, model });
  const price = priceFor(profile, model, evidence.prices);
  const known = listed.get(bareModel(model));
  const window = windowFrom(profile, model, known);
  const endings = evidence.endings.get(key) ?? [];
  const latency = latencyOf(endings);
  const benchmarks = evidence.benchmarks.get(key);
  const { trust, cooldown } = routeStatus(profile, model, evidence, routing);
  return {
    model,
    profile: profile.id,
    ...(price && { price: { input: price.input, output: price.output, from: price.source } }),
    ...(window && { context_window: window }),
    ...(known && known.supports.length > 0
      ? { supports: { what: known.supports, from: 'catalog' } }
      : {}),
    ...(benchmarks && { benchmarks: [...benchmarks] }),
    ...(endings.length > 0
      ? {
          history: {
            runs: endings.length,
            succeeded: endings.filter(({ failure }) => failure === 'success').length,
            ...(latency === undefined ? {} : { ms_per_call: Math.round(latency) }),
          },
        }
      : {}),
    trust,
    ...(cooldown === undefined ? {} : { cooldown }),
  };
}

function windowFrom(
  profile: Profile,
  model: string,
  known: CatalogModel | undefined,
): RegistryRow['context_window'] {
  const own = contextWindowFor(profile, model);
  if (own !== undefined) return { tokens: own, from: 'profile' };
  if (known?.context_window !== undefined) return { tokens: known.context_window, from: 'catalog' };
  const builtIn = BUILT_IN_WINDOWS[bareModel(model)];
  return builtIn === undefined ? undefined : { tokens: builtIn, from: 'built-in' };
}
