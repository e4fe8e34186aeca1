import * as z from 'zod';
import {
  type Batch,
  batchIds,
  createBatch,
  findBatch,
  stateOf,
  tidyBatches,
} from '../benchmarks/batch.ts';
import { driveBatch } from '../benchmarks/drive.ts';
import { type BenchmarkPlan, type BenchmarkRequest, planBenchmark } from '../benchmarks/plan.ts';
import { compact } from '../core/json.ts';
import { type BenchmarkLine, benchmarkScores } from '../routing/benchmarks.ts';
import type { ToolContext } from './define.ts';
import { BRIEF } from './schema.ts';

/** What both benchmark tools take beside what they choose by. */
export const benchmarkInput = {
  budget: z
    .strictObject({
      wall_seconds: z.int().min(10).max(3600).optional(),
      max_tokens: z.int().min(1000).optional(),
      max_usd: z.number().positive().optional(),
    })
    .optional()
    .describe('Caps per run:')
    .meta(BRIEF),
  execute: z.boolean().optional().describe('Else the plan only.'),
  benchmark: z.string().max(64).optional().describe('Id to go on with.'),
};

const resultView = z.object({
  task: z.string(),
  profile: z.string(),
  model: z.string(),
  /** null: unknown, and why. */
  score: z.number().nullable(),
  solved: z.boolean().nullable(),
  unknown: z.string().optional(),
  /** Checks that do not hold, with what they found. */
  failed: z.array(z.string()).optional(),
  run_id: z.string(),
  tokens: z.number(),
  usd: z.number().nullable(),
  elapsed_s: z.number(),
});

export const benchmarkResult = z.object({
  /** Pass it back to go on or to look again. */
  benchmark: z.string().optional(),
  plan: z
    .array(
      z.object({
        task: z.string(),
        suite: z.string(),
        profile: z.string(),
        model: z.string(),
        usd: z.number().nullable(),
      }),
    )
    .optional(),
  runs: z.number(),
  /** A guess; null where a price is not known. */
  estimate: z
    .object({ input_tokens: z.number(), output_tokens: z.number(), usd: z.number().nullable() })
    .optional(),
  results: z.array(resultView).optional(),
  running: z.array(z.string()).optional(),
  waiting: z.number().optional(),
  /** The evidence so far, over all benchmarks, for the models of this one. */
  scores: z
    .array(
      z.object({
        profile: z.string(),
        model: z.string(),
        suite: z.string(),
        score: z.number(),
        n: z.number(),
        tasks: z.number(),
        latest: z.string(),
      }),
    )
    .optional(),
  /** Earlier benchmarks that are not finished. */
  open: z.array(z.string()).optional(),
  next: z.string().optional(),
});
type BenchmarkResult = z.input<typeof benchmarkResult>;

export type CommonInput = {
  budget?: BenchmarkRequest['budget'] | undefined;
  execute?: boolean | undefined;
  benchmark?: string | undefined;
};

/** Shows a plan, carries one out, or goes on with one. */
export async function benchmark(
  request: BenchmarkRequest,
  input: CommonInput,
  context: ToolContext,
): Promise<BenchmarkResult> {
  const { host } = context;
  if (input.benchmark !== undefined) {
    return drive(await findBatch(host.home, input.benchmark), context);
  }
  const plan = await planBenchmark(host, request);
  if (input.execute !== true) return shownPlan(plan, await openBatches(context));
  await tidyBatches(host);
  return drive(await createBatch(host, plan.trials), context);
}

function shownPlan({ lines, trials, estimate }: BenchmarkPlan, open: string[]): BenchmarkResult {
  return {
    plan: lines,
    runs: trials.length,
    estimate,
    ...(open.length === 0 ? {} : { open }),
    next: 'Nothing was run. Pass execute: true to spend this.',
  };
}

async function drive(
  batch: Batch,
  { host, client, signal, progress }: ToolContext,
): Promise<BenchmarkResult> {
  const { results, running, waiting } = await driveBatch(host, batch, {
    timeoutMs: client.waitSeconds * 1000,
    signal,
    progress,
  });
  const models = new Set(batch.trials.map(({ profile, model }) => `${profile} ${model}`));
  const scores = await benchmarkScores(host.home);
  const isOpen = results.length < batch.trials.length;
  return {
    benchmark: batch.benchmark,
    runs: batch.trials.length,
    results: results.map(shownResult),
    ...(running.length === 0 ? {} : { running }),
    ...(waiting === 0 ? {} : { waiting }),
    scores: scores.filter(({ profile, model }) => models.has(`${profile} ${model}`)),
    ...(isOpen ? { next: `Call again with benchmark: ${batch.benchmark} to go on.` } : {}),
  };
}

function shownResult(line: BenchmarkLine): z.input<typeof resultView> {
  const failed = line.checks.filter(({ passed }) => !passed);
  return {
    task: line.task,
    profile: line.profile,
    model: line.model,
    score: line.score,
    solved: line.solved,
    ...compact({ unknown: line.unknown }),
    ...(failed.length === 0 ? {} : { failed: failed.map((one) => `${one.name}: ${one.detail}`) }),
    run_id: line.run_id,
    tokens: line.tokens.input + line.tokens.output + line.tokens.cached,
    usd: line.usd,
    elapsed_s: Math.round(line.elapsed_ms / 1000),
  };
}

/** Of the newest few: one that was left for good is not worth looking through all of them. */
const LOOKED_AT = 10;

async function openBatches({ host }: ToolContext): Promise<string[]> {
  const open: string[] = [];
  for (const id of (await batchIds(host.home)).slice(-LOOKED_AT)) {
    const batch = await findBatch(host.home, id).catch(() => undefined);
    if (batch === undefined) continue;
    const states = await Promise.all(
      [...batch.trials.keys()].map((index) => stateOf(host, batch, index)),
    );
    if (states.some(({ state }) => state !== 'settled')) open.push(id);
  }
  return open;
}
