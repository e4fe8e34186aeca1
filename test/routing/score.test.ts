import { describe, expect, it } from 'vitest';
import { FAILURE_CLASSES, ROLES } from '../../src/core/vocabulary.ts';
import type { Profile } from '../../src/profiles/profile.ts';
import { type Evidence, noEvidence } from '../../src/routing/evidence.ts';
import { pickProfile } from '../../src/routing/pick.ts';
import type { PickRequest } from '../../src/routing/request.ts';
import { routingPolicy } from '../../src/workspace/routing-policy.ts';
import {
  caught,
  ending,
  HOUR,
  NOW,
  priced,
  profile,
  random,
  times,
  withEndings,
} from './support.ts';

const SAMPLES = 200;
const none = noEvidence(NOW);

function cooling(account: string, until = NOW + HOUR): Evidence['health'] {
  const entry = {
    scope: 'account',
    key: account,
    class: 'rate_limited',
    count: 1,
    since: NOW,
    until,
  };
  return { failures: [{ ...entry, scope: 'account', class: 'rate_limited' }], quotas: [] };
}

/** Some profiles, some evidence about them, and something to do: different for every seed. */
function situation(seed: number) {
  const next = random(seed);
  const one = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const profiles = times(1 + Math.floor(next() * 6), (index): Profile => {
    const id = `p${index}`;
    const models: Profile['models'] = { default: `${id}-model` };
    if (next() < 0.4) models.haiku = `${id}-small`;
    if (next() < 0.4) models.opus = `${id}-large`;
    const more = { models, current: next() < 0.2, account: `account-${Math.floor(next() * 4)}` };
    return next() < 0.5 ? priced(id, next() * 10, next() * 30, more) : profile(id, more);
  });
  const endings = times(Math.floor(next() * 30), () =>
    ending(one(profiles).id, one(FAILURE_CLASSES), { role: one(ROLES) }),
  );
  const health =
    next() < 0.5 ? cooling(`account-${Math.floor(next() * 4)}`) : { failures: [], quotas: [] };
  const request: PickRequest = {
    role: one(ROLES),
    write: next() < 0.5,
    estimate: { difficulty: one(['simple', 'medium', 'complex'] as const), why: '' },
  };
  return { profiles, evidence: withEndings(endings, { health }), request, one, next };
}

const place = (pick: ReturnType<typeof pickProfile>, id: string) =>
  pick.ranked.findIndex((route) => route.id === id);

describe('the score', () => {
  it.each(times(SAMPLES, (seed) => seed))('is the same for the same question (%i)', (seed) => {
    const { profiles, evidence, request } = situation(seed);
    const first = pickProfile(request, profiles, evidence);
    const again = situation(seed);
    expect(pickProfile(again.request, again.profiles, again.evidence).reason).toBe(first.reason);
    for (const { total, components } of first.ranked) {
      expect(total).toBeGreaterThanOrEqual(0);
      expect(total).toBeLessThanOrEqual(1);
      for (const { value } of components) expect(value >= 0 && value <= 1).toBe(true);
    }
  });

  it('never makes a profile worse for being cheaper', () => {
    for (let seed = 0; seed < SAMPLES; seed += 1) {
      const { profiles, evidence, request, one, next } = situation(seed);
      const chosen = one(profiles);
      const at = (input: number, output: number) => {
        const changed = profiles.map((each) =>
          each.id === chosen.id
            ? {
                ...each,
                price: {
                  input,
                  output,
                  currency: 'USD',
                  per: 1_000_000,
                  source: 'profile',
                } as const,
              }
            : each,
        );
        return place(pickProfile(request, changed, evidence), chosen.id);
      };
      const [input, output] = [next() * 20, next() * 60];
      expect(at(input * next(), output * next()), `seed ${seed}`).toBeLessThanOrEqual(
        at(input, output),
      );
    }
  });

  it('never lets a profile on cooldown win over a healthy one that is its equal', () => {
    for (let seed = 0; seed < SAMPLES; seed += 1) {
      const { profiles, evidence, request, one } = situation(seed);
      const chosen = one(profiles);
      // Everything about it twice, but for the account.
      const twin: Profile = { ...chosen, id: 'twin', name: 'twin', account: 'account-twin' };
      const endings = new Map(
        [...evidence.endings].map(([key, list]) => [key.replace(`${chosen.id}\n`, 'twin\n'), list]),
      );
      for (const until of [NOW + HOUR, NOW - 1]) {
        const resting = pickProfile(
          request,
          [
            ...profiles.map((each) =>
              each.id === chosen.id ? { ...each, account: 'account-resting' } : each,
            ),
            twin,
          ],
          {
            ...evidence,
            endings: new Map([...evidence.endings, ...endings]),
            health: cooling('account-resting', until),
          },
        );
        expect(place(resting, 'twin'), `seed ${seed}`).toBeLessThan(place(resting, chosen.id));
      }
    }
  });

  it('takes the profile and the model that were asked for, whatever speaks against them', () => {
    for (let seed = 0; seed < SAMPLES; seed += 1) {
      const { profiles, evidence, request, one } = situation(seed);
      const { id, account = '' } = one(profiles);
      const against: Evidence = {
        ...evidence,
        health: cooling(account),
        capabilities: new Map([[`${id}\nodd-model`, { auth: 'fail' }]]),
      };
      const routing = routingPolicy.parse({
        providers: { ignore: [id] },
        admission: { writes: 'never' },
      });
      const asked = { ...request, routing, profile: id, model: 'odd-model' };
      expect(pickProfile(asked, profiles, against)).toMatchObject({
        profile: { id },
        model: 'odd-model',
        reason: expect.stringContaining('asked for'),
      });
    }
  });

  it('puts a preference of the policy before every score, and a resting one behind', () => {
    for (let seed = 0; seed < SAMPLES; seed += 1) {
      const { profiles, evidence, request, one } = situation(seed);
      const { id, account = '' } = one(profiles);
      const wish = { ...request, preferences: { [request.role ?? 'review']: { profile: id } } };
      const healthy = { ...evidence, health: { failures: [], quotas: [] } };
      expect(pickProfile(wish, profiles, healthy).profile.id).toBe(id);
      const resting = pickProfile(wish, profiles, { ...evidence, health: cooling(account) });
      const others = profiles.some((each) => each.account !== account);
      expect(resting.profile.account === account).toBe(!others);
      if (others) expect(resting.reason).toContain(`The policy prefers ${id}, which loses`);
    }
  });

  it('takes an unknown price for neither free nor dear', () => {
    const three = [priced('dear', 15, 75), profile('unknown'), priced('free', 0, 0)];
    for (const difficulty of ['simple', 'medium', 'complex'] as const) {
      const { ranked } = pickProfile({ estimate: { difficulty, why: '' } }, three, none);
      expect(ranked.map(({ id }) => id)).toEqual(['free', 'unknown', 'dear']);
    }
  });

  it('says why each loser lost', () => {
    const pick = pickProfile({}, [profile('usual'), priced('cheap', 0.1, 0.2)], none);
    expect(pick.ranked.map(({ id, lost }) => [id, lost])).toEqual([
      ['cheap', undefined],
      ['usual', 'price: price unknown; $0.1 in, $0.2 out (profile)'],
    ]);
    const rest = pickProfile({}, [profile('a'), profile('b')], {
      ...none,
      health: cooling('account-a'),
    });
    expect(rest.ranked[1]).toMatchObject({
      id: 'a',
      lost: 'rate_limited, left alone until 2026-11-21T13:00:00.000Z',
    });
  });
});

describe('evidence', () => {
  it('of good and bad work moves a model up and down', () => {
    const two = [profile('a'), profile('b')];
    const first = (evidence: Evidence) => pickProfile({ role: 'review' }, two, evidence).profile.id;
    expect(first(none)).toBe('a');
    expect(first(withEndings(times(3, () => ending('b', 'success'))))).toBe('b');
    expect(first(withEndings(times(3, () => ending('a', 'invalid_output'))))).toBe('b');
    expect(first(withEndings(times(3, () => ending('a', 'network'))))).toBe('b');
    // A full disk or a cancelled run says nothing.
    expect(first(withEndings(times(9, () => ending('a', 'disk_full'))))).toBe('a');
  });

  it('of benchmarks counts for the roles it is about', () => {
    const two = [profile('a'), profile('b')];
    const benchmarks = new Map([
      [
        'a\na-model',
        [
          { suite: 'code', score: 1, n: 4, date: '' },
          { suite: 'security', score: 0, n: 4, date: '' },
        ],
      ],
      [
        'b\nb-model',
        [
          { suite: 'code', score: 0, n: 4, date: '' },
          { suite: 'security', score: 1, n: 4, date: '' },
        ],
      ],
    ]);
    const first = (role: 'testing' | 'security') =>
      pickProfile({ role }, two, { ...none, benchmarks }).profile.id;
    expect([first('testing'), first('security')]).toEqual(['a', 'b']);
  });

  it('of a failed test of what every worker needs puts a model behind all others', () => {
    const capabilities = new Map([['cheap\ncheap-model', { tool_use: 'fail' as const }]]);
    const pick = pickProfile({}, [priced('cheap', 0, 0), profile('other')], {
      ...none,
      capabilities,
    });
    expect(pick.profile.id).toBe('other');
    expect(pick.ranked[1]?.lost).toBe('failed its test: tool_use');
  });

  it('of a nearly used limit window and of slow answers counts', () => {
    const two = [profile('a'), profile('b')];
    const quotas = [{ key: 'account-a', used: 0.95, resets_at: NOW + HOUR }];
    const full = { ...none, health: { failures: [], quotas } };
    expect(pickProfile({}, two, full).profile.id).toBe('b');
    const over = [{ key: 'account-a', used: 0.95, resets_at: NOW - 1 }];
    expect(
      pickProfile({}, two, { ...none, health: { failures: [], quotas: over } }).profile.id,
    ).toBe('a');
    const slow = withEndings([
      ...times(4, () => ending('a', 'success', { elapsed_ms: 400_000 })),
      ...times(4, () => ending('b', 'success', { elapsed_ms: 4000 })),
    ]);
    expect(pickProfile({}, two, slow).profile.id).toBe('b');
  });
});

describe('admission', () => {
  const proven = withEndings(times(3, () => ending('proven', 'success')));
  const two = [priced('new', 0, 0, { current: true }), profile('proven')];
  const pick = (request: PickRequest, evidence = proven, profiles = two) =>
    pickProfile(request, profiles, evidence);

  it('lets a new model read, and write only where nothing better known can', () => {
    expect(pick({}, none).profile.id).toBe('new');
    expect(pick({ write: true })).toMatchObject({ profile: { id: 'proven' } });
    expect(pick({ write: true }).ranked[1]?.lost).toBe('on probation, 0 of 3 successes');
    const alone = pick({ write: true }, none, [profile('only')]);
    expect(alone.profile.id).toBe('only');
    expect(alone.reason).toContain('on probation, 0 of 3 successes');
  });

  it('obeys the switch and the person', () => {
    const routing = (writes: string) => routingPolicy.parse({ admission: { writes } });
    const cheap = [priced('new', 0, 0, { current: true }), priced('proven', 90, 90)];
    expect(pick({ write: true, routing: routing('allow') }, proven, cheap).profile.id).toBe('new');
    const error = caught(() => pick({ write: true, routing: routing('never') }, none));
    expect(error).toMatchObject({
      code: 'PROFILE_UNUSABLE',
      hint: expect.stringContaining('Pass profile'),
    });
    expect(pick({ write: true, routing: routing('never'), profile: 'new' }).profile.id).toBe('new');
    const preferences = { implementation: { profile: 'new' } };
    expect(pick({ write: true, role: 'implementation', preferences }).profile.id).toBe('new');
  });

  it('trusts after three successes, after one with a passed test, and no longer after failures', () => {
    const trust = (evidence: Evidence) =>
      pickProfile({}, [profile('x')], evidence).ranked[0]?.trust;
    const good = (count: number) => times(count, () => ending('x', 'success'));
    const bad = (count: number) => times(count, () => ending('x', 'invalid_output'));
    const capabilities = new Map([['x\nx-model', { tool_use: 'pass' as const }]]);
    expect(trust(none)).toBe('probation');
    expect(trust(withEndings(good(2)))).toBe('probation');
    expect(trust(withEndings(good(3)))).toBe('trusted');
    expect(trust(withEndings(good(1), { capabilities }))).toBe('trusted');
    expect(trust(withEndings([], { capabilities }))).toBe('probation');
    expect(trust(withEndings([...good(9), ...bad(2)]))).toBe('trusted');
    expect(trust(withEndings([...good(9), ...bad(3)]))).toBe('demoted');
    expect(trust(withEndings([...good(9), ...bad(3), ...good(3)]))).toBe('trusted');
    expect(trust(withEndings(times(9, () => ending('x', 'rate_limited'))))).toBe('probation');
  });
});

describe('provider constraints', () => {
  const three = [
    profile('a', { current: true }),
    profile('b', { name: '智谱' }),
    priced('c', 1, 2),
  ];
  const order = (providers: object) =>
    pickProfile({ routing: routingPolicy.parse({ providers }) }, three, none).ranked.map(
      ({ id }) => id,
    );

  it.each<[object, string[]]>([
    [{ allow: ['b', 'C'] }, ['c', 'b']],
    [{ ignore: ['a.example'] }, ['c', 'b']],
    [{ ignore: ['智谱', 'nobody'] }, ['a', 'c']],
    [{ order: ['b'] }, ['b', 'a', 'c']],
    [{ order: ['c', 'b'], ignore: ['b'] }, ['c', 'a']],
    [{ sort: 'price' }, ['c', 'a', 'b']],
  ])('%o', (providers, expected) => {
    expect(order(providers)).toEqual(expected);
  });

  it('that leave nothing are a clear refusal', () => {
    const error = caught(() => order({ allow: ['nobody'] }));
    expect(error.code).toBe('PROFILE_UNUSABLE');
    expect(error.details).toMatchObject({
      excluded: expect.arrayContaining([
        { id: 'a', why: 'routing.providers.allow of the policy does not name it' },
      ]),
    });
  });
});

describe('the difficulty of a task', () => {
  const tiers = profile('p', { models: { default: 'usual', haiku: 'little', opus: 'big' } });
  const model = (difficulty: 'simple' | 'medium' | 'complex', request: PickRequest = {}) =>
    pickProfile({ ...request, estimate: { difficulty, why: 'because' } }, [tiers], none);

  it('proposes a tier, and the reason is told', () => {
    expect(model('simple')).toMatchObject({
      model: 'little',
      reason: expect.stringContaining('The task looks simple (because).'),
    });
    expect(model('medium').model).toBe('usual');
    expect(model('complex').model).toBe('big');
  });

  it('never overrules a model that was named, and never takes the login’s dearest', () => {
    expect(model('simple', { model: 'big' }).model).toBe('big');
    const { base_url: _none, ...base } = profile('official', {
      source: 'official',
      kind: 'login',
      models: {},
    });
    const login = (difficulty: 'simple' | 'complex') =>
      pickProfile({ estimate: { difficulty, why: '' } }, [base], none).model;
    expect([login('simple'), login('complex')]).toEqual(['haiku', 'sonnet']);
  });
});
