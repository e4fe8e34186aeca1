import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { sleep, systemClock } from '../../../src/core/clock.ts';
import { admitRun } from '../../../src/runs/cost-guard/admit.ts';
import { type CapsBySubject, writeCaps } from '../../../src/runs/cost-guard/caps.ts';
import { launchRun } from '../../../src/runs/launch.ts';
import { activeRuns } from '../../../src/runs/list.ts';
import { planRun } from '../../../src/runs/plan.ts';
import { writeRecord } from '../../../src/runs/record.ts';
import { logUsage } from '../../../src/runs/usage/log.ts';
import { runPaths } from '../../../src/workspace/layout.ts';
import { type Place, resolvePlace } from '../../../src/workspace/resolve.ts';
import { type Machine, machine } from '../../mcp/face.ts';
import { endedRecord, project, storeActive, storeRecord, usageOf } from '../../support/history.ts';

/** The supervisor of this machine does nothing, so whatever is launched stays active. */
let place: Machine;

beforeEach(() => {
  place = machine();
});

const setCaps = (all: CapsBySubject) => writeCaps(place.host.home, all, systemClock);

function at(project = place.project): Place {
  mkdirSync(project, { recursive: true });
  return resolvePlace({ cwd: project, env: place.env, processCwd: '/' });
}

const launch = (where = at()) => launchRun(place.host, where, { task: 'Look.' });

async function used(tokens: number, usd?: number): Promise<void> {
  const { workspace } = at();
  const counts = { input: tokens, ...(usd === undefined ? {} : { usd }) };
  const record = endedRecord(workspace, new Date(), {}, usageOf({ 'model-a': counts }));
  storeRecord(workspace, record);
  await logUsage(workspace, record);
}

/** With a price for every kind of token, or only for those that are named. */
function priced(...kinds: string[]): void {
  for (const kind of kinds) place.env[`CC_PROFILE_TEST_PRICE_${kind.toUpperCase()}`] = '1';
}

it('refuses what is over the runs of the user, in whatever project, and takes the next when one has ended', async () => {
  await setCaps({ user: { max_concurrent: 2 } });
  const { record } = await launch();
  await launch(at(join(place.dir, 'second')));
  await expect(launch(at(join(place.dir, 'third')))).rejects.toMatchObject({
    code: 'LIMIT_REACHED',
    message: 'No room for another run: concurrent (user): 2 of 2.',
    retryable: true,
    details: { subject: 'user', limit: 'concurrent', cap: 2, used: 2, left: 0 },
  });
  const { workspace } = at();
  const { run_id } = record;
  const final = { ...endedRecord(workspace, new Date()), run_id };
  await writeRecord(runPaths(workspace, run_id), final);
  await launch(at(join(place.dir, 'third')));
});

it('lets exactly as many in as fit when many projects start at once', async () => {
  await setCaps({ user: { max_concurrent: 3 } });
  const { host } = place;
  const results = await Promise.allSettled(
    Array.from({ length: 6 }, async (_, index) => {
      const workspace = await project(host, join(place.dir, `p${index}`));
      const record = endedRecord(workspace, new Date());
      await admitRun(host, workspace, record, async () => {
        // Long enough for the others to have looked, too, if nobody kept them from it.
        await sleep(50);
        await storeActive(host, workspace, record);
      });
    }),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
});

it('counts only its own for a project, a profile and a model', async () => {
  await launch(at(join(place.dir, 'second')));
  const { workspace } = at();
  await setCaps({ [`project:${workspace.root}`]: { max_concurrent: 1 } });
  await launch();
  await expect(launch()).rejects.toMatchObject({ details: { cap: 1, used: 1 } });
  await setCaps({
    'profile:env:test': { max_concurrent: 2 },
    'model:other': { max_concurrent: 1 },
  });
  await expect(launch()).rejects.toMatchObject({
    details: { subject: 'profile:env:test', used: 2 },
  });
  await setCaps({ 'model:test-model-1': { max_concurrent: 3 } });
  await launch();
  await expect(launch()).rejects.toMatchObject({ details: { subject: 'model:test-model-1' } });
});

it('refuses when the day is used up, says what and how much, and leaves no run behind', async () => {
  await used(1000);
  await setCaps({ user: { max_tokens_per_day: 1000 } });
  await expect(launch()).rejects.toMatchObject({
    code: 'LIMIT_REACHED',
    message: 'No room for another run: tokens per day (user): 1000 of 1000.',
    hint: expect.stringContaining('cc_cost_guard'),
    details: { limit: 'tokens_per_day', cap: 1000, used: 1000, left: 0 },
  });
  expect(await activeRuns(at().workspace)).toEqual([]);
  await setCaps({ user: { max_tokens_per_day: 1001 } });
  await launch();
});

it('refuses a profile without a complete price under a cap on USD, unless that is allowed', async () => {
  await setCaps({ user: { max_usd_per_run: 5 } });
  await expect(launch()).rejects.toMatchObject({
    code: 'LIMIT_REACHED',
    message: expect.stringContaining('no known price for input, output, cache_read, cache_write'),
    retryable: false,
  });
  priced('input', 'output');
  await expect(launch()).rejects.toMatchObject({
    details: { missing_prices: ['cache_read', 'cache_write'] },
  });
  await setCaps({ user: { max_usd_per_run: 5, allow_unknown_price: true } });
  await launch();
  await setCaps({ user: { max_usd_per_run: 5 } });
  priced('cache_read', 'cache_write');
  await launch();
});

it('does not take the unknown cost of earlier work for nothing', async () => {
  priced('input', 'output', 'cache_read', 'cache_write');
  await setCaps({ user: { max_usd_per_day: 5 } });
  await used(1000, 4.99);
  await launch();
  await used(1000);
  await expect(launch()).rejects.toMatchObject({
    details: { limit: 'usd_per_day', used: null, left: null },
    hint: expect.stringContaining('allow_unknown_price'),
  });
  await setCaps({ user: { max_usd_per_day: 5, allow_unknown_price: true } });
  await launch();
});

it('clips the budget of a run, shown before it starts', async () => {
  await setCaps({
    user: { max_wall_seconds: 300, max_tokens_per_run: 5000 },
    'profile:env:test': { max_wall_seconds: 120 },
    'profile:env:other': { max_wall_seconds: 10 },
    'model:test-model-1': { max_tokens_per_run: 4000 },
  });
  const plan = async (wall?: number) =>
    (await planRun(place.host, at(), { task: 'Look.', budget: { wall_seconds: wall } })).record;
  expect((await plan()).budget).toMatchObject({
    wall_seconds: 120,
    idle_seconds: 600,
    max_turns: 100,
    max_tokens: 4000,
  });
  expect((await plan(60)).budget.wall_seconds).toBe(60);
});

it('starts nothing while the caps cannot be read', async () => {
  await setCaps({});
  writeFileSync(place.host.home.costGuard, '{"schema_version":1,"caps":{"user":{"max_usd":5}}}');
  await expect(launch()).rejects.toMatchObject({ code: 'BAD_INPUT' });
  writeFileSync(place.host.home.costGuard, 'torn');
  await expect(launch()).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
});
