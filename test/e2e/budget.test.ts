import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import type { Script, Step } from '../../src/loopback/index.ts';
import { killProcess } from '../../src/proc/terminate.ts';
import { type CapChange, changeCaps } from '../../src/runs/cost-guard/change.ts';
import type { RunRequest } from '../../src/runs/plan.ts';
import { Lab, rawCoverage } from '../support/lab.ts';

type Continuation = NonNullable<RunRequest['continues']>;

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

/** A worker that would read for ever, and that can write closing words. */
function reader(usage: Step['usage'], fields: Partial<Script> = {}): Script {
  return {
    name: 's',
    steps: [],
    after: ({ latest, body }) =>
      JSON.stringify(body).includes('this is your last answer')
        ? { text: 'Done: half. Left: half.', usage: { input: 100, output: 20 } }
        : {
            text: latest.slice(0, 10),
            tools: [{ name: 'Glob', input: { pattern: '*.md' } }],
            ...(usage && { usage }),
          },
    ...fields,
  };
}

async function ended(script: Script, request: Partial<RunRequest>) {
  lab = await Lab.open([script]);
  const run = await lab.launch({ task: 'Read everything.', ...request });
  return lab.ended(run);
}

/** What continues a task of which one run has already spent that much. */
function afterARunThat(spent: Partial<Continuation['lineage']['spent']>): Continuation {
  const first = 'run_20261121t000000z_aaaaaaaa';
  const whole = { elapsed_ms: 0, turns: 9, tokens: 8000, usd: 0.1, ...spent };
  return {
    lineage: { root: first, parent: first, index: 1, kind: 'recap', spent: whole },
    from: { profile: 'env:lab', model: 'lab-model-1' },
    session: undefined,
    narrowed: [],
    mode: undefined,
  };
}

const NO_CHANGE: CapChange = {
  max_concurrent: undefined,
  max_wall_seconds: undefined,
  max_tokens_per_run: undefined,
  max_tokens_per_day: undefined,
  max_usd_per_run: undefined,
  max_usd_per_day: undefined,
  allow_unknown_price: undefined,
};

const served = () => lab.model.tokensServed('s');
const total = () => served().input + served().output;

test('a token budget ends the run in order, with closing words, and is not overshot by more than a call', async () => {
  const run = await ended(reader({ input: 1000, output: 100 }), { budget: { max_tokens: 10_000 } });
  expect(run.record).toMatchObject({
    state: 'stopped_limit',
    outcome: { failure: { class: 'stopped_limit' }, exit_code: 0, usage: { complete: true } },
  });
  expect(readFileSync(run.paths.stdout, 'utf8')).toBe('Done: half. Left: half.');
  expect(total()).toBeLessThanOrEqual(10_000 + 1100);
  expect(total()).toBeGreaterThan(6000);
  // What we billed is what the model served, to the token.
  const { input = 0, output = 0 } = run.record.outcome?.usage.tokens ?? {};
  expect(input + output).toBe(total());
  const told = lab.model.requestsFor('s').map(({ body }) => JSON.stringify(body));
  for (const percent of [50, 75])
    expect(told.at(-1)).toMatch(new RegExp(`Budget note[^"]*${(percent / 10) | 0}\\d %`));
  expect(rawCoverage(lab.events(run))).toEqual([]);
});

test.each([
  [
    'cached reads count a tenth',
    { input: 100, output: 100, cacheRead: 8000, cacheCreation: 0 },
    10_000,
    9,
  ],
  ['a budget of hardly a call ends without words', { input: 5000, output: 100 }, 9000, 1],
] as const)('%s', async (_what, usage, max_tokens, calls) => {
  const run = await ended(reader(usage), { budget: { max_tokens } });
  expect(run.record.state).toBe('stopped_limit');
  expect(Math.abs(lab.model.requestsFor('s').length - calls)).toBeLessThanOrEqual(1);
});

test('parallel calls of one answer cannot slip through', async () => {
  const four = Array.from({ length: 4 }, () => ({ name: 'Glob', input: { pattern: '*.md' } }));
  const run = await ended(
    {
      name: 's',
      steps: [],
      after: {
        tools: four,
        usage: { input: 3000, output: 1000 },
        pace: { chunkChars: 4, betweenChunksMs: 10 },
      },
    },
    { budget: { max_tokens: 10_000 } },
  );
  expect(run.record.state).toBe('stopped_limit');
  expect(lab.model.requestsFor('s').length).toBeLessThanOrEqual(3);
});

test('a USD budget holds by the price of the profile', async () => {
  // 1000 input at 1 USD and 100 output at 10 USD per million: 0.002 USD a call.
  const run = await ended(reader({ input: 1000, output: 100 }), { budget: { max_usd: 0.02 } });
  expect(run.record.state).toBe('stopped_limit');
  expect(run.record.outcome?.usage.usd).toBeLessThanOrEqual(0.022);
  expect(run.record.outcome?.usage.usd).toBeGreaterThan(0.01);
});

test('a USD budget is refused where no price is known', async () => {
  lab = await Lab.open([reader(undefined)]);
  lab.addProfile('free');
  await expect(
    lab.launch({ task: 'Read.', profile: 'env:free', budget: { max_usd: 1 } }),
  ).rejects.toMatchObject({ code: 'BAD_INPUT' });
});

test('turns and output end it in order, too', async () => {
  const run = await ended(reader(undefined), { budget: { max_turns: 5 } });
  expect(run.record).toMatchObject({ state: 'stopped_limit' });
  // Five, and the one for the closing words.
  expect(lab.model.requestsFor('s')).toHaveLength(6);
  await lab.close();
  const loud = await ended(
    {
      name: 's',
      steps: [],
      after: { text: 'x', floodBytes: 8000, tools: [{ name: 'Glob', input: { pattern: '*' } }] },
    },
    { budget: { max_output_bytes: 30_000 } },
  );
  expect(loud.record).toMatchObject({ state: 'stopped_limit' });
  expect(lab.model.requestsFor('s').length).toBeLessThan(8);
});

test('the lifetime of a task counts what earlier runs have used', async () => {
  const run = await ended(reader({ input: 1000, output: 100 }), {
    continues: afterARunThat({ tokens: 8000 }),
    budget: { lifetime: { max_tokens: 12_000 } },
  });
  expect(run.record.outcome?.failure.evidence.join()).toContain('whole task');
  expect(total()).toBeLessThanOrEqual(4000 + 1100);
});

test('a budget holds across the death of the supervisor', async () => {
  lab = await Lab.open([reader({ input: 1000, output: 100 })]);
  const run = await lab.launch({ task: 'Read.', budget: { max_tokens: 12_000 } });
  for (const count of [3, 6]) {
    await lab.event(run, 'cc.tool.used', count);
    await killProcess(lab.supervisor(run));
    await lab
      .event(await lab.find(run.record.run_id), 'cc.supervisor.started', count / 3)
      .catch(() => undefined);
    await lab.until(async () => {
      await lab.ended(run, 300).catch(() => undefined);
      return (
        lab
          .events(run)
          .some(
            (event) => event.type === 'cc.supervisor.started' && event.epoch === count / 3 + 1,
          ) || undefined
      );
    }, 'a new supervisor');
  }
  const end = await lab.ended(run);
  expect(end.record.state).toBe('stopped_limit');
  expect(total()).toBeLessThanOrEqual(12_000 + 1100);
});

test('a run that ends by itself within its budget succeeds', async () => {
  const run = await ended(
    { name: 's', steps: [{ text: 'ok', usage: { input: 1000, output: 10 } }] },
    { budget: { max_tokens: 2000, max_turns: 1 } },
  );
  expect(run.record.state).toBe('succeeded');
});

test('wall time is kept in reserve for the closing words', async () => {
  const run = await ended(
    reader(undefined, {
      after: ({ body }) =>
        JSON.stringify(body).includes('this is your last answer')
          ? { text: 'Out of time.' }
          : {
              tools: [{ name: 'Glob', input: { pattern: '*.md' } }],
              pace: { beforeHeadersMs: 300 },
            },
    }),
    {
      budget: { lifetime: { wall_seconds: 100 } },
      continues: afterARunThat({ elapsed_ms: 87_000 }),
    },
  );
  expect(run.record.state).toBe('stopped_limit');
  expect(readFileSync(run.paths.stdout, 'utf8')).toBe('Out of time.');
});

test('final_only keeps the result, and every line still has its event', async () => {
  const run = await ended(
    {
      name: 's',
      steps: [
        { text: 'CHATTER', tools: [{ name: 'Read', input: { file_path: 'README.md' } }] },
        { text: 'RESULT' },
      ],
    },
    { finalOnly: true },
  );
  expect(run.record.state).toBe('succeeded');
  expect(readFileSync(run.paths.stdout, 'utf8')).toBe('RESULT');
  const events = readFileSync(run.paths.events, 'utf8');
  expect(events).not.toContain('CHATTER');
  expect(events).not.toContain('A scratch project');
  expect(rawCoverage(lab.events(run))).toEqual([]);
});

test('a cap of the user ends workers that run already, and lets no more begin', async () => {
  lab = await Lab.open([reader({ input: 1000, output: 100 })]);
  const runs = [await lab.launch({ task: 'Read.' }), await lab.launch({ task: 'Read on.' })];
  for (const run of runs) await lab.event(run, 'cc.tool.used', 2);
  await changeCaps(lab.host(), 'user', { ...NO_CHANGE, max_tokens_per_day: 20_000 }, true);
  for (const run of runs) {
    const { record } = await lab.ended(run);
    expect(record.state).toBe('stopped_limit');
    expect(record.outcome?.failure.evidence.join()).toContain('tokens per day (user)');
  }
  // One answer of each conversation may have been under way, and what a summary tells is a second old.
  expect(total()).toBeLessThanOrEqual(20_000 + 20 * 1100);
  await expect(lab.launch({ task: 'Read more.' })).rejects.toMatchObject({ code: 'LIMIT_REACHED' });
});
