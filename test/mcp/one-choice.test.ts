import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FAILURE_CLASSES, ROLES } from '../../src/core/vocabulary.ts';
import { appendEnding } from '../../src/routing/endings.ts';
import { recordFailure } from '../../src/routing/health-store.ts';
import { makePrivateDir } from '../../src/store/atomic.ts';
import { ending, random, times } from '../routing/support.ts';
import { connect, dataOf, type Machine, machine } from './face.ts';
import { storeFinishedRun } from './runs.ts';

const NAMES = ['alpha', 'beta', 'gamma', 'delta'];
const TASKS = [
  'Fix the typo in README.md.',
  'Add a flag to the status command and test it.',
  'Refactor the scheduler, migrate its store and find the race condition.',
  '重构调度器并修复并发死锁',
  'List the files.',
  'Review src for mistakes.',
];
/** Questions put to the tools that only plan, and to those that really start something. */
const PLANNED = 60;
const STARTED = 6;

/** A machine with some providers, and a past that is different for every seed. */
async function experienced(seed: number): Promise<Machine> {
  const place = machine();
  const next = random(seed);
  NAMES.forEach((name, index) => {
    const prefix = `CC_PROFILE_${name.toUpperCase()}`;
    place.env[`${prefix}_BASE_URL`] = `http://127.0.0.1:${9000 + index}`;
    place.env[`${prefix}_AUTH_TOKEN`] = `one-choice-token-${name}`;
    place.env[`${prefix}_MODEL`] = `${name}-usual`;
    if (next() < 0.5) {
      place.env[`${prefix}_PRICE_INPUT`] = (next() * 5).toFixed(2);
      place.env[`${prefix}_PRICE_OUTPUT`] = (next() * 20).toFixed(2);
    }
  });
  // The plain variables can name a model for each tier.
  place.env.ANTHROPIC_BASE_URL = 'http://127.0.0.1:8999';
  place.env.ANTHROPIC_AUTH_TOKEN = 'one-choice-token-plain';
  place.env.ANTHROPIC_MODEL = 'plain-usual';
  place.env.ANTHROPIC_DEFAULT_HAIKU_MODEL = 'plain-small';
  place.env.ANTHROPIC_DEFAULT_OPUS_MODEL = 'plain-large';
  const { home } = place.host;
  await makePrivateDir(home.root);
  const one = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  for (const line of times(25, () => ending('', one(FAILURE_CLASSES), { role: one(ROLES) }))) {
    const name = one(NAMES);
    const ended = new Date().toISOString();
    const model = `${name}-usual`;
    const tier = one(['usual', 'small', 'large']);
    await appendEnding(home, {
      ...line,
      run_id: `${line.run_id}p`,
      profile: 'env',
      model: `plain-${tier}`,
      ended,
    });
    await appendEnding(home, { ...line, profile: `env:${name}`, model, ended });
  }
  const resting = { profile: { id: `env:${one(NAMES)}` }, model: 'x' };
  await recordFailure(home, { ...resting, class: 'rate_limited' }, Date.now());
  writeFileSync(
    home.policy,
    [
      'max_concurrent: 64',
      'start_interval_ms: 0',
      `preferred: { ${one(ROLES)}: { profile: "env:${one(NAMES)}" } }`,
      `routing: { providers: { ignore: ["env:${one(NAMES)}"] }, admission: { min_successes: 2 } }`,
    ].join('\n'),
  );
  return place;
}

test('every launcher takes what cc_pick_profile picks', async () => {
  const picks = new Set<string>();
  for (let seed = 0; seed < 4; seed += 1) {
    const place = await experienced(seed);
    const { call } = await connect({ host: place.host });
    const ask = async (name: string, args: object) => dataOf(await call(name, args));
    const next = random(100 + seed);
    const one = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
    for (let index = 0; index < PLANNED / 4; index += 1) {
      const write = next() < 0.5;
      const question = {
        task: one(TASKS),
        ...(next() < 0.7 ? { role: one(ROLES) } : {}),
        ...(write
          ? {
              allow_write: true,
              scope: { paths: times(1 + Math.floor(next() * 7), (n) => `d${n}/**`) },
            }
          : {}),
        ...(next() < 0.2 ? { profile: `env:${one(NAMES)}` } : {}),
        ...(next() < 0.2 ? { model: `${one(NAMES)}-small` } : {}),
      };
      const { profile, model, reason } = await ask('cc_pick_profile', question);
      picks.add(`${profile} ${model}`);
      const wanted = { profile, model, reason };
      for (const tool of ['cc_run_agent', 'cc_run_streaming_agent']) {
        expect(
          await ask(tool, { ...question, dry_run: true }),
          JSON.stringify(question),
        ).toMatchObject(wanted);
      }
    }
  }
  // Otherwise this would be no proof of anything.
  expect(picks.size).toBeGreaterThan(4);
});

test('also where a launcher starts at once, or goes on with a run elsewhere', async () => {
  const place = await experienced(7);
  const { call } = await connect({ host: place.host });
  const ask = async (name: string, args: object) => dataOf(await call(name, args));
  for (const task of TASKS.slice(0, STARTED)) {
    const { profile, model } = await ask('cc_pick_profile', { task, role: 'testing' });
    expect(await ask('cc_run_visible_agent', { task, role: 'testing' })).toMatchObject({
      profile,
      model,
    });
    const other = profile === 'env:alpha' ? 'env:beta' : 'env:alpha';
    const { id, record } = await storeFinishedRun(place, {
      profile: { id: 'env:gone', name: 'gone', source: 'environment' },
    });
    const picked = await ask('cc_pick_profile', { task, role: record.role, profile: other });
    const sent = await ask('cc_send_instruction', {
      run_id: id,
      instruction: task,
      profile: other,
    });
    expect(sent).toMatchObject({ how: 'continued', profile: other, model: picked.model });
  }
});
