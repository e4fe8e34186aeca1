import type { Role } from '../core/vocabulary.ts';
import type { Ending } from './endings.ts';
import type { BenchmarkEvidence } from './evidence.ts';
import { blameOf } from './failures.ts';

/** After so long an ending counts half. */
const HALF_LIFE_MS = 21 * 24 * 3_600_000;
/** Imagined results at 0.5: a single run must not look like certainty. */
const PRIOR = 2;
const SAME_ROLE = 2;
/** Work that was looked at tells more than an ending, which only says that nothing went wrong. */
const JUDGED = 3;
/** A graded benchmark task tells more than an ending, which only says that nothing went wrong. */
const PER_GRADED_TASK = 1;
const LATENCY_RUNS = 20;

const SUITES: Readonly<Partial<Record<Role, string>>> = {
  development: 'code',
  implementation: 'code',
  testing: 'code',
  automation: 'code',
  review: 'review',
  performance: 'review',
  compatibility: 'review',
  security: 'security',
  requirements: 'long_context',
  architecture: 'long_context',
  documentation: 'long_context',
  supervisor: 'long_context',
  multimodal: 'multimodal',
};

/** A share from 0 to 1, 0.5 where nothing is known; `n` is what it rests on. */
export type Share = { value: number; n: number };

/**
 * How well the model does work of this role: how its runs ended, how good their work was where
 * somebody looked, and its graded benchmarks.
 */
export function qualityOf(
  endings: readonly Ending[],
  benchmarks: readonly BenchmarkEvidence[],
  role: Role | undefined,
  now: number,
): Share {
  const sum = new WeightedShare();
  for (const run of endings) {
    const blame = blameOf(run.failure);
    if (blame === 'nobody' || blame === 'provider') continue;
    const weight = freshness(run, now) * (run.role === role ? SAME_ROLE : 1);
    if (run.score === undefined) sum.add(blame === 'none' ? 1 : 0, weight);
    else sum.add(run.score, weight * JUDGED);
  }
  const suite = role === undefined ? undefined : SUITES[role];
  for (const result of benchmarks) {
    const fits = result.suite === suite;
    sum.add(result.score, result.n * PER_GRADED_TASK * (fits ? SAME_ROLE : 1));
  }
  return sum.share();
}

/** How often the provider served what it was asked. */
export function reliabilityOf(endings: readonly Ending[], now: number): Share {
  const sum = new WeightedShare();
  for (const run of endings) {
    const blame = blameOf(run.failure);
    if (blame !== 'nobody') sum.add(blame === 'provider' ? 0 : 1, freshness(run, now));
  }
  return sum.share();
}

/** Median milliseconds per model call of the latest runs that succeeded. */
export function latencyOf(endings: readonly Ending[]): number | undefined {
  const each = endings
    .filter((run) => run.failure === 'success' && run.model_calls > 0)
    .slice(-LATENCY_RUNS)
    .map((run) => run.elapsed_ms / run.model_calls)
    .sort((a, b) => a - b);
  return each[Math.floor(each.length / 2)];
}

class WeightedShare {
  #good = 0;
  #weight = 0;
  #n = 0;

  add(value: number, weight: number): void {
    this.#good += value * weight;
    this.#weight += weight;
    this.#n += 1;
  }

  share(): Share {
    return { value: (this.#good + PRIOR / 2) / (this.#weight + PRIOR), n: this.#n };
  }
}

function freshness({ ended }: Ending, now: number): number {
  return 0.5 ** (Math.max(0, now - Date.parse(ended)) / HALF_LIFE_MS);
}
