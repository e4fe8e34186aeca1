import * as z from 'zod';
import type { UserHome } from '../workspace/home.ts';
import { SUITES, type Suite } from './benchmark-task.ts';
import { taskVersions } from './benchmark-tasks.ts';
import { type EvidenceLog, readEvidence } from './evidence-log.ts';

const checkResult = z.object({
  name: z.string(),
  /** 0 to 1. */
  value: z.number(),
  passed: z.boolean(),
  /** What it found, in one line. */
  detail: z.string(),
});
export type CheckResult = z.infer<typeof checkResult>;

/** One graded run. `score: null`: it says nothing about the model, and `unknown` says why. */
export const benchmarkLine = z.object({
  time: z.string(),
  benchmark: z.string(),
  run_id: z.string(),
  task: z.string(),
  version: z.string(),
  suite: z.enum(SUITES),
  profile: z.string(),
  model: z.string(),
  /** Models that answered, as they name themselves. */
  actual: z.array(z.string()),
  score: z.number().min(0).max(1).nullable(),
  solved: z.boolean().nullable(),
  unknown: z.string().optional(),
  checks: z.array(checkResult),
  /** How the run ended. */
  state: z.string(),
  failure: z.string(),
  tokens: z.object({ input: z.number(), output: z.number(), cached: z.number() }),
  usd: z.number().nullable(),
  elapsed_ms: z.number(),
});
export type BenchmarkLine = z.infer<typeof benchmarkLine>;

export const BENCHMARK_LOG: EvidenceLog<typeof benchmarkLine> = {
  name: 'results',
  line: benchmarkLine,
  runOf: (line) => line.run_id,
};

/** What the benchmarks say about one model at one profile in one suite. */
export type BenchmarkScore = {
  profile: string;
  model: string;
  suite: Suite;
  /** Mean over tasks of each task's mean, so that no task counts more for having been run more often. */
  score: number;
  /** Graded runs, and different tasks among them. */
  n: number;
  tasks: number;
  /** Of the newest. */
  latest: string;
};

/** The newest results of a task that count. */
const NEWEST = 5;

/**
 * The evidence of all graded runs, for whoever ranks models. Results of a task that has changed since
 * are left out.
 */
export async function benchmarkScores(home: UserHome): Promise<BenchmarkScore[]> {
  const lines = readEvidence(home, BENCHMARK_LOG);
  if (lines.length === 0) return [];
  return scoresOf(lines, await taskVersions(home));
}

function scoresOf(
  lines: readonly BenchmarkLine[],
  versions: ReadonlyMap<string, string>,
): BenchmarkScore[] {
  const groups = new Map<string, BenchmarkLine[]>();
  for (const line of lines) {
    if (line.score === null || versions.get(line.task) !== line.version) continue;
    const key = JSON.stringify([line.profile, line.model, line.suite]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [line]);
    else group.push(line);
  }
  return [...groups.values()].map(summed);
}

function summed(group: readonly BenchmarkLine[]): BenchmarkScore {
  const byTask = new Map<string, number[]>();
  for (const { task, score } of [...group].sort((a, b) => (a.time < b.time ? -1 : 1))) {
    byTask.set(task, [...(byTask.get(task) ?? []), score ?? 0].slice(-NEWEST));
  }
  const counted = [...byTask.values()];
  const [first] = group;
  return {
    profile: first?.profile ?? '',
    model: first?.model ?? '',
    suite: first?.suite ?? 'code',
    score: mean(counted.map(mean)),
    n: counted.flat().length,
    tasks: counted.length,
    latest:
      group
        .map(({ time }) => time)
        .sort()
        .at(-1) ?? '',
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
