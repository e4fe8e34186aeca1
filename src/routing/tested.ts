import type { Profile } from '../profiles/profile.ts';
import type { BenchmarkEvidence, CapabilityEvidence, Verdict } from './evidence.ts';
import { routeKey } from './keys.ts';
import { offersOf } from './tier.ts';

/** Where stored verdicts come from: one model at one profile, undefined where it was never tested. */
export type CapabilityReader = (
  profile: Profile,
  model: string,
) => Promise<
  { probes: Readonly<Record<string, { verdict: Verdict; stale: boolean } | undefined>> } | undefined
>;

/** A suite's score as benchmarks store it. */
export type StoredScore = {
  profile: string;
  model: string;
  suite: string;
  score: number;
  n: number;
  latest: string;
};

/** Verdicts about every model that may be chosen; those that are too old count as unknown. */
export async function capabilityEvidence(
  read: CapabilityReader,
  profiles: readonly Profile[],
): Promise<Map<string, CapabilityEvidence>> {
  const found = new Map<string, CapabilityEvidence>();
  for (const profile of profiles) {
    if (!profile.usable) continue;
    for (const { model } of offersOf(profile)) {
      const tested = await read(profile, model);
      if (tested === undefined) continue;
      const verdicts = Object.entries(tested.probes).flatMap(([probe, result]) =>
        result === undefined ? [] : [[probe, result.stale ? 'unknown' : result.verdict] as const],
      );
      found.set(routeKey({ profile: profile.id, model }), Object.fromEntries(verdicts));
    }
  }
  return found;
}

/** Benchmark scores by route. */
export function benchmarkEvidence(
  scores: readonly StoredScore[],
): Map<string, BenchmarkEvidence[]> {
  const routes = new Map<string, BenchmarkEvidence[]>();
  for (const { profile, model, suite, score, n, latest } of scores) {
    const key = routeKey({ profile, model });
    routes.set(key, [...(routes.get(key) ?? []), { suite, score, n, date: latest }]);
  }
  return routes;
}
