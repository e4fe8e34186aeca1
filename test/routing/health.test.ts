import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FailureClass } from '../../src/core/vocabulary.ts';
import { noEvidence } from '../../src/routing/evidence.ts';
import { cooldownOf, quotaLeft } from '../../src/routing/health.ts';
import {
  claimTrial,
  endTrial,
  readHealth,
  recordFailure,
  recordQuota,
  recordSuccess,
} from '../../src/routing/health-store.ts';
import { nextCandidate } from '../../src/routing/next.ts';
import { userHome } from '../../src/workspace/home.ts';
import { scratch } from '../support/scratch.ts';
import { HOUR, NOW, profile } from './support.ts';

const newHome = () => userHome({ CC_ORCHESTRATOR_HOME: scratch() });
const MINUTE = 60_000;
const glm = profile('glm', { account: 'one' });
const sibling = profile('sibling', { account: 'one' });
const other = profile('other', { account: 'two' });

const stateOf = async (home: ReturnType<typeof newHome>, of = glm, at = NOW, model = 'm') =>
  cooldownOf(of, model, await readHealth(home), at).state;

const fail = (
  home: ReturnType<typeof newHome>,
  failure: FailureClass,
  more: { resetsAt?: number; runId?: string } = {},
  at = NOW,
) => recordFailure(home, { profile: glm, model: 'm', class: failure, ...more }, at);

describe('a cooldown', () => {
  it.each<[FailureClass, boolean, boolean]>([
    ['rate_limited', true, true],
    ['provider_overload', true, true],
    ['network', true, true],
    ['auth_failed', true, true],
    ['billing', true, true],
    ['provider_capability', false, false],
  ])('after %s', async (failure, ofSibling, ofOtherModel) => {
    const home = newHome();
    await fail(home, failure);
    expect(await stateOf(home)).toBe('cooling');
    expect(await stateOf(home, sibling)).toBe(ofSibling ? 'cooling' : 'healthy');
    expect(await stateOf(home, glm, NOW, 'n')).toBe(ofOtherModel ? 'cooling' : 'healthy');
    expect(await stateOf(home, other)).toBe('healthy');
    expect(await stateOf(home, glm, NOW + 9 * 24 * HOUR)).toBe('half_open');
    expect(statSync(join(home.routing, 'health.json')).mode & 0o777).toBe(0o600);
  });

  it.each<FailureClass>(['context_overflow', 'invalid_output', 'timeout', 'disk_full', 'unknown'])(
    'does not follow %s',
    async (failure) => {
      const home = newHome();
      await fail(home, failure);
      expect(existsSync(join(home.routing, 'health.json'))).toBe(false);
    },
  );

  it('lasts as long as the provider says, where that is possible', async () => {
    for (const [resetsAt, expected] of [
      [NOW + 3 * HOUR, NOW + 3 * HOUR],
      [NOW - HOUR, NOW + MINUTE],
      [NOW + 400 * 24 * HOUR, NOW + MINUTE],
    ] as const) {
      const home = newHome();
      await fail(home, 'rate_limited', { resetsAt });
      expect((await readHealth(home)).failures[0]?.until).toBe(expected);
    }
  });

  it('doubles while the failure repeats, counts a run once, and never grows shorter', async () => {
    const home = newHome();
    const until = async () => ((await readHealth(home)).failures[0]?.until ?? 0) - NOW;
    await fail(home, 'rate_limited', { runId: 'a' });
    await fail(home, 'rate_limited', { runId: 'a' });
    expect(await until()).toBe(MINUTE);
    await fail(home, 'rate_limited', { runId: 'b' });
    expect(await until()).toBe(2 * MINUTE);
    for (let run = 0; run < 20; run += 1) await fail(home, 'rate_limited', { runId: `c${run}` });
    expect(await until()).toBe(HOUR);
    await fail(home, 'network', { runId: 'd' });
    expect(await until()).toBe(HOUR);
  });

  it('ends with a success that began after it, and not with one that began before', async () => {
    const home = newHome();
    await fail(home, 'auth_failed');
    await recordSuccess(home, { profile: sibling, model: 'x' }, NOW - 1, NOW + 1);
    expect(await stateOf(home)).toBe('cooling');
    await recordSuccess(home, { profile: other, model: 'm' }, NOW + 1, NOW + 2);
    expect(await stateOf(home)).toBe('cooling');
    await recordSuccess(home, { profile: sibling, model: 'x' }, NOW + 1, NOW + 2);
    expect(await stateOf(home)).toBe('healthy');
  });

  it('survives several processes that fail at once', async () => {
    const home = newHome();
    const script = join(scratch(), 'fail.ts');
    const store = join(import.meta.dirname, '../../src/routing/health-store.ts');
    writeFileSync(
      script,
      `import { recordFailure } from ${JSON.stringify(store)};
       import { userHome } from ${JSON.stringify(join(store, '../../workspace/home.ts'))};
       const home = userHome({ CC_ORCHESTRATOR_HOME: ${JSON.stringify(home.root)} });
       const [, , who] = process.argv;
       const work = [];
       for (let i = 0; i < 10; i += 1) work.push(recordFailure(home, { profile: { id: who + i }, model: 'm', class: 'network' }, ${NOW}));
       await Promise.all(work);`,
    );
    const run = join(import.meta.dirname, '../../scripts/run-ts.mjs');
    const shell = ['a', 'b', 'c'].map((who) => `node ${run} ${script} ${who} &`).join(' ');
    execFileSync('sh', ['-c', `${shell} wait`], { stdio: 'pipe' });
    expect((await readHealth(home)).failures).toHaveLength(30);
  });

  it('lets one run at a time try what is half open', async () => {
    const home = newHome();
    const route = { profile: glm, model: 'm' };
    expect(await claimTrial(home, route, 'first', NOW)).toBe(true);
    await fail(home, 'network');
    const later = NOW + HOUR;
    const claims = await Promise.all(
      ['a', 'b', 'c'].map((run) => claimTrial(home, route, run, later)),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await stateOf(home, sibling, later)).toBe('cooling');
    const winner = ['a', 'b', 'c'][claims.indexOf(true)] ?? '';
    await endTrial(home, 'somebody', later);
    expect(await stateOf(home, glm, later)).toBe('cooling');
    await endTrial(home, winner, later);
    expect(await stateOf(home, glm, later)).toBe('half_open');
    expect(await claimTrial(home, route, 'd', later)).toBe(true);
    expect(await claimTrial(home, { ...route, profile: sibling }, 'e', later + MINUTE)).toBe(false);
    // Nobody heard of it again.
    expect(await stateOf(home, glm, later + HOUR)).toBe('half_open');
    expect(await claimTrial(home, route, 'f', later + HOUR)).toBe(true);
    await recordSuccess(home, route, later + HOUR, later + HOUR + 1);
    expect(await stateOf(home)).toBe('healthy');
  });

  it('reads a damaged or strange file as nothing known', async () => {
    const home = newHome();
    await fail(home, 'network');
    const path = join(home.routing, 'health.json');
    const value = JSON.parse(readFileSync(path, 'utf8'));
    value.failures.push({ what: 'is this' });
    writeFileSync(path, JSON.stringify(value));
    expect((await readHealth(home)).failures).toHaveLength(1);
    writeFileSync(path, '{"torn');
    expect(await readHealth(home)).toEqual({ failures: [], quotas: [] });
    await fail(home, 'network');
    expect((await readHealth(home)).failures).toHaveLength(1);
  });
});

it('a limit window counts until it ends', async () => {
  const home = newHome();
  await recordQuota(home, glm, { used: 0.25, resetsAt: NOW + HOUR }, NOW);
  await recordQuota(home, glm, { used: 0.75, resetsAt: NOW + HOUR }, NOW);
  const health = await readHealth(home);
  expect(quotaLeft(sibling, health, NOW)).toBe(0.25);
  expect(quotaLeft(other, health, NOW)).toBeUndefined();
  expect(quotaLeft(glm, health, NOW + 2 * HOUR)).toBeUndefined();
});

describe('the next candidate', () => {
  const all = [glm, sibling, other];
  const tried = [{ profile: 'glm', model: 'glm-model' }];

  it('is of another account when the account failed, and of the same when only the model did', async () => {
    for (const [failure, expected] of [
      ['rate_limited', 'other'],
      ['provider_capability', 'sibling'],
    ] as const) {
      const home = newHome();
      await fail(home, failure);
      const evidence = { ...noEvidence(NOW), health: await readHealth(home) };
      const next = nextCandidate({ profile: 'glm' }, { tried, class: failure }, all, evidence);
      expect(next?.profile.id).toBe(expected);
    }
  });

  it('is nobody when all others rest or none is left', async () => {
    const home = newHome();
    await fail(home, 'billing');
    const evidence = { ...noEvidence(NOW), health: await readHealth(home) };
    const ask = (profiles: typeof all) =>
      nextCandidate({}, { tried, class: 'billing' }, profiles, evidence);
    expect(ask([glm, sibling])).toBeUndefined();
    expect(ask([glm])).toBeUndefined();
  });

  it('has a larger window after a context that was too long', () => {
    const [small, large] = [
      profile('small', { context_window: 100_000, current: true }),
      profile('large', { context_window: 400_000 }),
    ];
    const failed = { tried, class: 'context_overflow', window: 200_000 } as const;
    const ask = (profiles: typeof all) => nextCandidate({}, failed, profiles, noEvidence(NOW));
    expect(ask([glm, small, large])?.profile.id).toBe('large');
    expect(ask([glm, small])).toBeUndefined();
  });
});
