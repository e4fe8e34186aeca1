import type { PriceTable } from '../profiles/price.ts';
import type { Profile } from '../profiles/profile.ts';
import type { UserHome } from '../workspace/home.ts';
import type { RoutingPolicy } from '../workspace/routing-policy.ts';
import { benchmarkScores } from './benchmarks.ts';
import { BUILT_IN_WINDOWS } from './built-in.ts';
import { capabilityReader } from './capabilities.ts';
import type { Catalog } from './catalog.ts';
import { readCatalog } from './catalog-store.ts';
import { readEndings } from './endings.ts';
import type { Evidence } from './evidence.ts';
import { readHealth } from './health-store.ts';
import { mergedPrices, tableName } from './price-table.ts';
import { readScores, withScores } from './scores.ts';
import { benchmarkEvidence, capabilityEvidence } from './tested.ts';

/** Reads everything a choice rests on. What cannot be read is no evidence, never an error. */
export async function gatherEvidence(
  home: UserHome,
  routing: RoutingPolicy,
  ccSwitchPrices: PriceTable,
  now: Date,
  profiles: readonly Profile[],
): Promise<Evidence> {
  const [health, catalog, scores, capabilities] = await Promise.all([
    readHealth(home),
    readCatalog(home),
    benchmarkScores(home).catch(() => []),
    testedCapabilities(home, now, profiles),
  ]);
  return {
    now: now.getTime(),
    prices: mergedPrices(routing.prices, ccSwitchPrices, catalog),
    windows: windows(catalog),
    endings: withScores(readEndings(home, now.getTime()), readScores(home)),
    health,
    capabilities,
    benchmarks: benchmarkEvidence(scores),
  };
}

async function testedCapabilities(
  home: UserHome,
  now: Date,
  profiles: readonly Profile[],
): Promise<Evidence['capabilities']> {
  try {
    return await capabilityEvidence(await capabilityReader(home, { now }), profiles);
  } catch {
    return new Map();
  }
}

function windows(catalog: Catalog | undefined): Map<string, number> {
  const known = new Map(Object.entries(BUILT_IN_WINDOWS));
  for (const { id, context_window } of catalog?.models ?? []) {
    const name = tableName(id);
    if (name !== undefined && context_window !== undefined) known.set(name, context_window);
  }
  return known;
}
