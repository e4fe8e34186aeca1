import type { PriceTable } from '../profiles/price.ts';
import type { Ending } from './endings.ts';
import type { Health } from './health.ts';

/** What a capability test found by probe; anything not tested, or too long ago, is unknown. */
export type Verdict = 'pass' | 'fail' | 'unknown';
export type CapabilityEvidence = Readonly<Record<string, Verdict>>;

/** The latest result of one suite: the share of graded tasks it passed. */
export type BenchmarkEvidence = {
  suite: string;
  /** 0 to 1. */
  score: number;
  /** Graded tasks behind it. */
  n: number;
  date: string;
};

/** Everything a choice may rest on, read once; maps are keyed by `routeKey`. */
export type Evidence = {
  /** Milliseconds since the epoch; ages and cooldowns are judged by it. */
  now: number;
  prices: PriceTable;
  /** Context windows by model id, in tokens, where no profile says it. */
  windows: ReadonlyMap<string, number>;
  /** How runs ended, oldest first. */
  endings: ReadonlyMap<string, readonly Ending[]>;
  health: Health;
  capabilities: ReadonlyMap<string, CapabilityEvidence>;
  benchmarks: ReadonlyMap<string, readonly BenchmarkEvidence[]>;
};

export function noEvidence(now: number): Evidence {
  return {
    now,
    prices: new Map(),
    windows: new Map(),
    endings: new Map(),
    health: { failures: [], quotas: [] },
    capabilities: new Map(),
    benchmarks: new Map(),
  };
}
