import { CcError } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import { profileHostOf } from '../profiles/host-of.ts';
import { listProfiles } from '../profiles/list.ts';
import { lookUpProfile } from '../profiles/lookup.ts';
import type { PriceTable } from '../profiles/price.ts';
import { costOf, priceFor } from '../profiles/prices.ts';
import type { Profile } from '../profiles/profile.ts';
import type { BenchmarkTask, Suite } from '../routing/benchmark-task.ts';
import { listTasks } from '../routing/benchmark-tasks.ts';
import { pickProfile } from '../routing/pick.ts';
import type { Host } from '../workspace/host.ts';
import type { Trial } from './batch.ts';

export type BenchmarkRequest = {
  /** One or more of them; several models of one profile are asked for one after the other. */
  profiles: readonly string[] | undefined;
  model: string | undefined;
  suite: Suite | undefined;
  task: string | undefined;
  repeat: number;
  /** Per run, instead of the task's own. */
  budget: Partial<Record<'wall_seconds' | 'max_tokens' | 'max_usd', number | undefined>>;
};

export type BenchmarkPlan = {
  trials: Trial[];
  /** One per task, profile and model. */
  lines: { task: string; suite: Suite; profile: string; model: string; usd: number | null }[];
  /** What it will probably take; null where a price is not known. */
  estimate: { input_tokens: number; output_tokens: number; usd: number | null };
};

/** A run more than this is a mistake. */
const MOST_RUNS = 200;

/** What would run. A profile and model are chosen once, so that one plan never mixes models by role. */
export async function planBenchmark(host: Host, request: BenchmarkRequest): Promise<BenchmarkPlan> {
  const [{ profiles, prices }, all] = await Promise.all([
    listProfiles(profileHostOf(host)),
    listTasks(host.home),
  ]);
  const tasks = chooseTasks(all, request);
  const candidates = chooseCandidates(profiles, request);
  const runs = tasks.length * candidates.length * request.repeat;
  if (runs > MOST_RUNS) {
    throw new CcError(
      'BAD_INPUT',
      `That would be ${plural(runs, 'run')}; at most ${MOST_RUNS} at once.`,
      {
        hint: 'Name fewer profiles, a suite or a task, or repeat it less often.',
      },
    );
  }
  const plan: BenchmarkPlan = {
    trials: [],
    lines: [],
    estimate: { input_tokens: 0, output_tokens: 0, usd: 0 },
  };
  for (const { profile, model } of candidates) {
    for (const task of tasks) add(plan, task, profile, model, request, prices);
  }
  return plan;
}

function add(
  plan: BenchmarkPlan,
  task: BenchmarkTask,
  profile: Profile,
  model: string,
  { repeat, budget }: BenchmarkRequest,
  prices: PriceTable,
): void {
  const { input_tokens: input, output_tokens: output } = task.estimate;
  const usd = costOf({ input, output }, priceFor(profile, model, prices)) ?? null;
  const { estimate } = plan;
  plan.lines.push({ task: task.id, suite: task.suite, profile: profile.id, model, usd });
  estimate.input_tokens += input * repeat;
  estimate.output_tokens += output * repeat;
  estimate.usd = usd === null || estimate.usd === null ? null : estimate.usd + usd * repeat;
  const { wall_seconds, max_turns, max_tokens } = task.budget;
  for (let run = 0; run < repeat; run += 1) {
    plan.trials.push({
      task: task.id,
      version: task.version,
      profile: profile.id,
      model,
      budget: {
        wall_seconds: budget.wall_seconds ?? wall_seconds,
        max_turns,
        max_tokens: budget.max_tokens ?? max_tokens,
        ...(budget.max_usd === undefined ? {} : { max_usd: budget.max_usd }),
      },
    });
  }
}

function chooseTasks(all: readonly BenchmarkTask[], { suite, task }: BenchmarkRequest) {
  const chosen = all.filter(
    (one) =>
      (task === undefined || one.id === task) && (suite === undefined || one.suite === suite),
  );
  if (chosen.length > 0) return chosen;
  throw new CcError('NOT_FOUND', 'There is no such benchmark task.', {
    hint: `Tasks: ${all.map(({ id, suite: of }) => `${id} (${of})`).join(', ')}.`,
  });
}

function chooseCandidates(
  profiles: readonly Profile[],
  { profiles: wanted, model }: BenchmarkRequest,
): { profile: Profile; model: string }[] {
  const picks = wanted?.map((name) => ({ profile: lookUpProfile(profiles, name).id })) ?? [{}];
  const chosen = picks.map((pick) =>
    pickProfile({ ...pick, ...(model === undefined ? {} : { model }) }, profiles),
  );
  const known = new Set<string>();
  return chosen.filter(({ profile, model: one }) => {
    const key = JSON.stringify([profile.id, one]);
    return !known.has(key) && known.add(key);
  });
}
