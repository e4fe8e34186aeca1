import { existsSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  batchIds,
  createBatch,
  findBatch,
  prepareProject,
  stateOf,
  tidyBatches,
} from '../../src/benchmarks/batch.ts';
import { driveBatch } from '../../src/benchmarks/drive.ts';
import { type BenchmarkRequest, planBenchmark } from '../../src/benchmarks/plan.ts';
import { systemClock } from '../../src/core/clock.ts';
import { listTasks } from '../../src/routing/benchmark-tasks.ts';
import { BENCHMARK_LOG } from '../../src/routing/benchmarks.ts';
import { readEvidence } from '../../src/routing/evidence-log.ts';
import type { Host } from '../../src/workspace/host.ts';
import { machine } from '../mcp/face.ts';

const request = (change: Partial<BenchmarkRequest> = {}): BenchmarkRequest => ({
  profiles: ['env:test'],
  model: undefined,
  suite: undefined,
  task: undefined,
  repeat: 1,
  budget: {},
  ...change,
});
const quick = { timeoutMs: 0, signal: new AbortController().signal, progress: () => undefined };

/** The same machine, this many days later. */
function later(host: Host, days: number): Host {
  const now = () => new Date(systemClock.now().getTime() + days * 24 * 3_600_000);
  return { ...host, clock: { ...systemClock, now } };
}

it('plans every task once per model and run, and guesses no cost where no price is known', async () => {
  const { host, env } = machine();
  const tasks = await listTasks(host.home);
  const plan = await planBenchmark(host, request({ repeat: 3 }));
  expect(plan.lines.map(({ task }) => task)).toEqual(tasks.map(({ id }) => id));
  expect(plan.trials).toHaveLength(tasks.length * 3);
  expect(plan.estimate.usd).toBeNull();
  const priced = { CC_PROFILE_TEST_PRICE_INPUT: '1', CC_PROFILE_TEST_PRICE_OUTPUT: '10' };
  const { estimate } = await planBenchmark({ ...host, env: { ...env, ...priced } }, request());
  const { input_tokens, output_tokens, usd } = estimate;
  expect(usd).toBeCloseTo(input_tokens / 1e6 + output_tokens / 1e5);
  expect(existsSync(host.home.benchmarks)).toBe(false);
});

it('takes what is asked for: suite, task, model, caps; the same model only once', async () => {
  const { host } = machine();
  const plan = await planBenchmark(
    host,
    request({
      profiles: ['env:test', 'test'],
      model: 'special',
      suite: 'code',
      budget: { max_tokens: 5000, wall_seconds: 20 },
    }),
  );
  expect(plan.lines.map(({ suite }) => suite)).toEqual(['code', 'code']);
  for (const trial of plan.trials) {
    expect(trial).toMatchObject({
      model: 'special',
      budget: { max_tokens: 5000, wall_seconds: 20 },
    });
  }
});

it('says which tasks there are, and refuses hundreds of runs', async () => {
  const { host } = machine();
  await expect(planBenchmark(host, request({ task: 'x' }))).rejects.toMatchObject({
    code: 'NOT_FOUND',
    hint: expect.stringContaining('code-fix-ranges (code)'),
  });
  await expect(planBenchmark(host, request({ repeat: 100 }))).rejects.toMatchObject({
    code: 'BAD_INPUT',
  });
});

it('a profile that has gone meanwhile is unknown, and no evidence of anything', async () => {
  const { host, env } = machine();
  const plan = await planBenchmark(host, request({ suite: 'code' }));
  const batch = await createBatch(host, plan.trials);
  const without = { ...env, CC_PROFILE_TEST_BASE_URL: '' };
  const { results } = await driveBatch({ ...host, env: without }, batch, quick);
  expect(results).toHaveLength(2);
  for (const line of results) {
    expect(line).toMatchObject({ score: null, solved: null, run_id: '' });
    expect(line.unknown).toMatch(/PROFILE/);
  }
  expect(readEvidence(host.home, BENCHMARK_LOG)).toEqual([]);
});

it('a project that was only half laid out is not taken for one', async () => {
  const { host } = machine();
  const [task] = await listTasks(host.home);
  if (task === undefined) throw new Error('no task');
  const plan = await planBenchmark(host, request({ task: task.id }));
  const batch = await createBatch(host, plan.trials);
  expect(statSync(batch.dir).mode & 0o777).toBe(0o700);
  const bad = { ...task, dir: `${task.dir}/nowhere` };
  await expect(prepareProject(host, batch, 0, bad)).rejects.toThrow();
  expect(await stateOf(host, batch, 0)).toEqual({ state: 'waiting' });
  const places = await Promise.all([0, 0, 0].map((at) => prepareProject(host, batch, at, task)));
  expect(new Set(places.map(({ cwd }) => cwd)).size).toBe(1);
});

it('what is left of a batch is removed after a week, and not before', async () => {
  const { host } = machine();
  const [task] = await listTasks(host.home);
  if (task === undefined) throw new Error('no task');
  const batch = await createBatch(host, (await planBenchmark(host, request())).trials);
  await prepareProject(host, batch, 0, task);
  await tidyBatches(later(host, 6));
  expect((await findBatch(host.home, batch.benchmark)).trials).toHaveLength(batch.trials.length);
  await tidyBatches(later(host, 8));
  expect(await batchIds(host.home)).toEqual([]);
  await expect(findBatch(host.home, batch.benchmark)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
