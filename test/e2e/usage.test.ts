import { existsSync, readdirSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { writeCaps } from '../../src/runs/cost-guard/caps.ts';
import { CostGuard } from '../../src/runs/cost-guard/guard.ts';
import { cataloguePath } from '../../src/runs/retention/catalogue.ts';
import { dayOf } from '../../src/runs/usage/log.ts';
import { readUsage } from '../../src/runs/usage/read.ts';
import { summariseUsage } from '../../src/runs/usage/summary.ts';
import { sharedPaths } from '../../src/workspace/layout.ts';
import { Lab } from '../support/lab.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const FIRST = { input: 1000, output: 50, cacheRead: 200, cacheCreation: 30 };
const SECOND = { input: 2000, output: 70, cacheRead: 1000, cacheCreation: 0 };

async function openLab(): Promise<void> {
  lab = await Lab.open([]);
  lab.env.CC_PROFILE_LAB_PRICE_CACHE_READ = '0.1';
  lab.env.CC_PROFILE_LAB_PRICE_CACHE_WRITE = '2';
  lab.model.addScript({
    name: 's',
    steps: [
      { tools: [{ name: 'Read', input: { file_path: lab.path('README.md') } }], usage: FIRST },
      { text: 'Done.', usage: SECOND, hold: { at: 'before_headers', name: 'second' } },
    ],
  });
}

const today = () => dayOf(new Date());
const usage = () => readUsage(lab.place().workspace, today(), today());

/** Once the first answer is in the summary, which is written once a second. */
async function afterFirstAnswer() {
  return lab.until(async () => {
    const { active } = await usage();
    const [run] = active;
    return run !== undefined && Object.keys(run.by_model).length > 0 ? run : undefined;
  }, 'usage of the active run');
}

test('a run counts while it goes on and when it is over, to the token', async () => {
  await openLab();
  const run = await lab.launch({ task: 'Read.' });
  await lab.model.waitForHold('second');
  expect(await afterFirstAnswer()).toMatchObject({
    run_id: run.record.run_id,
    by_model: { 'lab-model-1': { input: 1000, output: 50, cache_read: 200, cache_write: 30 } },
    usd: 0.00158,
    complete: false,
  });
  const { home } = lab.host();
  await writeCaps(home, { user: { max_tokens_per_day: 1100 } }, systemClock);
  await expect(lab.launch({ task: 'Another.' })).rejects.toMatchObject({
    code: 'LIMIT_REACHED',
    details: { limit: 'tokens_per_day', cap: 1100, used: 1100 },
  });
  const guard = new CostGuard({ home, clock: systemClock }, run.record);
  expect(await guard.verdict({ byModel: {}, elapsedMs: 0 })).toBeUndefined();
  lab.model.release('second');
  const { record } = await lab.ended(run);
  const { ended, active } = await usage();
  expect(active).toEqual([]);
  expect(ended).toMatchObject([
    {
      run_id: record.run_id,
      ended: record.ended,
      by_model: { 'lab-model-1': { input: 3000, output: 120, cache_read: 1200, cache_write: 30 } },
      usd: record.outcome?.usage.usd,
      complete: true,
      state: 'succeeded',
      elapsed_ms: record.elapsed_ms,
      model_calls: 2,
    },
  ]);
  const { workspace } = lab.place();
  expect(readdirSync(sharedPaths(workspace).active)).toEqual([]);
  // The supervisor has looked for old runs on the way.
  expect(existsSync(cataloguePath(workspace))).toBe(true);
});

test('a run whose supervisor and worker were killed is a lower bound in the summary', async () => {
  await openLab();
  const run = await lab.launch({ task: 'Read.' });
  await lab.model.waitForHold('second');
  await afterFirstAnswer();
  process.kill(lab.supervisor(run).pid, 'SIGKILL');
  for (const { pid } of lab.processes(run.record.run_id)) process.kill(pid, 'SIGKILL');
  const { record } = await lab.ended(run);
  expect(record.state).toBe('failed');
  const found = await usage();
  const { total, states } = summariseUsage(new Map([[lab.project, found]]), {
    from: today(),
    to: today(),
    unreadable: [],
  });
  expect(states).toEqual({ failed: 1 });
  expect(total).toMatchObject({ runs: 1, failed: 1, input: 1000, output: 50, lower_bound: 1 });
});
