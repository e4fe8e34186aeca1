import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { appendEnding } from '../../src/routing/endings.ts';
import { recordFailure } from '../../src/routing/health-store.ts';
import { makePrivateDir } from '../../src/store/atomic.ts';
import { readPolicy } from '../../src/workspace/policy.ts';
import { ending, times } from '../routing/support.ts';
import { connect, dataOf, errorOf, type Machine, machine } from './face.ts';

async function open(place: Machine = machine()) {
  await makePrivateDir(place.host.home.root);
  place.env.CC_PROFILE_OTHER_BASE_URL = 'http://127.0.0.1:10';
  place.env.CC_PROFILE_OTHER_AUTH_TOKEN = 'routing-token-5d2f7c';
  place.env.CC_PROFILE_OTHER_MODEL = 'other-model';
  const { call } = await connect({ host: place.host });
  const ask = async (name: string, args: object = {}) => dataOf(await call(name, args));
  return { ...place, home: place.host.home, call, ask };
}

const past = (model: string, count: number, failure: 'success' | 'invalid_output' = 'success') =>
  times(count, () =>
    ending('env:other', failure, { model, role: 'testing', ended: new Date().toISOString() }),
  );

test('a pick tells its runners-up in few words, and every score when asked', async () => {
  const { ask } = await open();
  const brief = await ask('cc_pick_profile', { role: 'testing' });
  expect(brief.ranked).toEqual([
    { id: 'env:other', model: 'other-model', why: 'given by the environment' },
    {
      id: 'env:test',
      model: 'test-model-1',
      why: 'given by the environment',
      lost: 'as good, but later in the list',
    },
  ]);
  const full = await ask('cc_pick_profile', { role: 'testing', task: 'List it.', explain: true });
  expect(full.difficulty).toEqual({ difficulty: 'simple', why: '"list", 2 words' });
  expect(full.ranked).toMatchObject([
    { id: 'env:other', trust: 'probation', components: { price: [0.5, 0.3, 'price unknown'] } },
    { id: 'env:test' },
  ]);
});

test('of very many candidates the first are shown, and where the others are', async () => {
  const place = machine();
  for (let index = 0; index < 60; index += 1) {
    const prefix = `CC_PROFILE_N${index}`;
    place.env[`${prefix}_BASE_URL`] = `http://127.0.0.1:${7000 + index}`;
    place.env[`${prefix}_AUTH_TOKEN`] = `routing-token-number-${index}`;
    place.env[`${prefix}_MODEL`] = 'm';
  }
  const { ask } = await open(place);
  const full = await ask('cc_pick_profile', { explain: true });
  expect(full.ranked).toHaveLength(20);
  expect(full).toMatchObject({ more: 42, rest: 'cc_score_models shows all' });
  expect(full).not.toHaveProperty('truncated');
  expect((await ask('cc_score_models')).models).toHaveLength(62);
});

test('one profile is shown with who says what about it', async () => {
  const { ask, env } = await open();
  Object.assign(env, { CC_PROFILE_OTHER_PRICE_INPUT: '1', CC_PROFILE_OTHER_PRICE_OUTPUT: '2' });
  const { profiles } = await ask('cc_list_profiles', { profile: 'other' });
  expect(profiles).toMatchObject([
    {
      id: 'env:other',
      detail: {
        source: 'environment',
        auth: 'auth_token',
        account: expect.stringMatching(/^[0-9a-f]{10}$/),
        from: {
          base_url: 'CC_PROFILE_OTHER_BASE_URL',
          token: 'CC_PROFILE_OTHER_AUTH_TOKEN',
          default_model: 'CC_PROFILE_OTHER_MODEL',
        },
        prices: [{ model: 'other-model', input: 1, output: 2, from: 'profile' }],
      },
    },
  ]);
  expect(JSON.stringify(profiles)).not.toContain('routing-token');
});

test('a cooldown shows wherever a profile does', async () => {
  const { ask, home } = await open();
  const [other] = ((await ask('cc_list_profiles')).profiles as { id: string }[]).filter(
    ({ id }) => id === 'env:other',
  );
  expect(other).toMatchObject({ trust: 'probation' });
  expect(other).not.toHaveProperty('cooldown');
  const failure = {
    profile: { id: 'env:other' },
    model: 'other-model',
    class: 'provider_capability',
  } as const;
  await recordFailure(home, failure, Date.now());
  expect((await ask('cc_pick_profile')).profile).toBe('env:test');
  const listed = await ask('cc_list_profiles');
  expect(JSON.stringify(listed.profiles)).toContain('provider_capability until');
  expect((await ask('cc_local_policy')).cooldowns).toMatchObject([
    { of: 'env:other other-model', class: 'provider_capability', in_a_row: 1 },
  ]);
  const { models } = await ask('cc_score_models');
  expect(models).toMatchObject([
    { profile: 'env:test' },
    { profile: 'env:other', cooldown: 'cooling', values: { health: 0 } },
  ]);
});

test('a calibration proposes what runs have shown, asks first, and keeps the old policy', async () => {
  const { ask, home } = await open();
  expect((await ask('cc_calibrate_policy')).proposals).toEqual([]);
  for (const line of past('other-model', 4)) await appendEnding(home, line);
  const preview = await ask('cc_calibrate_policy');
  expect(preview.proposals).toEqual([
    {
      role: 'testing',
      to: { profile: 'env:other', model: 'other-model' },
      why: '4 of 4 runs as testing succeeded',
    },
  ]);
  expect(preview.applied).toBe(false);
  expect(existsSync(home.policy)).toBe(false);
  writeFileSync(home.policy, '# mine\npreferred: { testing: { profile: "env:test" } }\n');
  expect((await ask('cc_calibrate_policy', { apply: true })).proposals).toEqual([]);
  writeFileSync(home.policy, '# mine\n');
  const done = await ask('cc_calibrate_policy', { apply: true });
  expect(done.applied).toBe(true);
  expect(readFileSync(String(done.backup), 'utf8')).toBe('# mine\n');
  expect((await readPolicy(home)).preferred.testing).toEqual({
    profile: 'env:other',
    model: 'other-model',
  });
  expect((await ask('cc_calibrate_policy', { apply: true })).applied).toBe(false);
  for (const line of past('other-model', 3, 'invalid_output')) await appendEnding(home, line);
  expect((await ask('cc_score_models', { role: 'testing' })).models).toMatchObject([
    { profile: 'env:other', trust: 'demoted' },
    { profile: 'env:test' },
  ]);
});

test('the policy is shown, and changed only on request', async () => {
  const { ask, call, home } = await open();
  expect(await ask('cc_local_policy')).toMatchObject({
    preferred: {},
    routing: { difficulty: 'auto', admission: { min_successes: 3 } },
    cooldowns: [],
  });
  const wish = { role: 'review', profile: 'other', model: 'x' };
  expect(await ask('cc_local_policy', wish)).toMatchObject({ change: { applied: false } });
  expect(existsSync(home.policy)).toBe(false);
  expect(await ask('cc_local_policy', { ...wish, apply: true })).toMatchObject({
    preferred: { review: { profile: 'env:other', model: 'x' } },
    change: { applied: true },
  });
  expect(await ask('cc_pick_profile', { role: 'review' })).toMatchObject({ model: 'x' });
  expect(await ask('cc_local_policy', { role: 'review', clear: true, apply: true })).toMatchObject({
    preferred: {},
  });
  for (const bad of [{ profile: 'env:other' }, { role: 'review', model: 'x', clear: true }]) {
    expect(errorOf(await call('cc_local_policy', bad)).code).toBe('BAD_INPUT');
  }
  const unknown = await call('cc_local_policy', { role: 'review', profile: 'nobody' });
  expect(errorOf(unknown).code).toBe('PROFILE_NOT_FOUND');
  expect(readdirSync(home.root).filter((name) => name.endsWith('.bak'))).toHaveLength(1);
});

test('the registry joins profiles, catalogue and history, and says who says what', async () => {
  const { ask, home, dir } = await open();
  const source = join(dir, 'models.json');
  const row = {
    id: 'vendor/other-model',
    context_length: 64_000,
    pricing: { prompt: '0.000001', completion: '0.000002' },
    supported_parameters: ['tools'],
  };
  writeFileSync(source, JSON.stringify({ data: [row, { id: 'vendor/elsewhere' }] }));
  writeFileSync(home.policy, `routing: { catalog: { source: ${JSON.stringify(source)} } }`);
  const before = await ask('cc_model_registry');
  expect(before).not.toHaveProperty('catalog');
  for (const line of past('other-model', 2)) await appendEnding(home, line);
  const after = await ask('cc_model_registry', { refresh: true, search: 'else' });
  expect(after).toMatchObject({
    catalog: { source, models: 2, skipped: 0, stale: false, refreshed: true },
    found: [{ id: 'vendor/elsewhere' }],
  });
  expect(after.models).toContainEqual({
    model: 'other-model',
    profile: 'env:other',
    price: { input: 1, output: 2, from: 'catalog' },
    context_window: { tokens: 64_000, from: 'catalog' },
    supports: { what: ['tools'], from: 'catalog' },
    history: { runs: 2, succeeded: 2, ms_per_call: 5000 },
    trust: 'probation',
  });
  expect((await ask('cc_model_registry', { refresh: true })).catalog).toMatchObject({
    refreshed: false,
  });
});

test('the report says what each role gets', async () => {
  const { ask } = await open();
  const { path } = await ask('cc_write_strategy_reports');
  const text = readFileSync(String(path), 'utf8');
  expect(text).toMatch(/\| security \| env:other \| other-model \|/);
  expect(text).toContain('| test-model-1 | env:test | unknown | unknown |');
  expect(text).not.toContain('token');
});
