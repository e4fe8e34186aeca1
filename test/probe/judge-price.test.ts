import { expect, test } from 'vitest';
import { judgePrice, type PriceFacts } from '../../src/probe/judge-price.ts';
import type { Price } from '../../src/profiles/price.ts';
import type { Profile } from '../../src/profiles/profile.ts';

const profile: Profile = {
  id: 'env:lab',
  name: 'lab',
  source: 'environment',
  kind: 'direct',
  usable: true,
  current: false,
  auth: 'auth_token',
  base_url: 'https://lab.invalid',
  models: {},
  warnings: [],
};

function price(input: number, output: number, cache?: [read: number, write: number]): Price {
  const [cache_read, cache_write] = cache ?? [];
  return {
    input,
    output,
    ...(cache_read === undefined ? {} : { cache_read }),
    ...(cache_write === undefined ? {} : { cache_write }),
    currency: 'USD',
    per: 1_000_000,
    source: 'profile',
  };
}

function judge(facts: Partial<PriceFacts>) {
  return judgePrice({
    profile,
    model: 'lab-1',
    price: price(1, 4, [0.1, 1.25]),
    listed: undefined,
    cliPrice: false,
    cached: { read: 0, written: 0 },
    ...facts,
  });
}

test.each<[what: string, facts: Partial<PriceFacts>]>([
  ['a usual price', {}],
  ['one of the table, a little apart', { listed: price(2, 6) }],
  [
    "a model of one's own for nothing",
    { profile: { ...profile, base_url: 'http://192.168.1.7:8080' }, price: price(0, 0) },
  ],
  ['a free model by its name', { model: 'lab/one:free', price: price(0, 0) }],
  ['a cache with a price', { cached: { read: 500, written: 500 } }],
  ["Claude Code's own price", { cliPrice: true, price: undefined }],
])('%s is plausible', (_, facts) => {
  expect(judge(facts).verdict).toBe('pass');
});

test.each<[what: string, facts: Partial<PriceFacts>, evidence: string]>([
  ['nothing', { price: price(0, 0) }, 'usually paid'],
  ['half of nothing', { price: price(0, 3) }, 'usually paid'],
  ['USD per token', { price: price(0.000003, 0.000015) }, 'too low'],
  ['USD per billion', { price: price(3000, 15_000) }, 'too high'],
  ['input and output confused', { price: price(15, 3) }, 'dearer than output'],
  ['a slipped decimal point', { listed: price(30, 120) }, 'the price table has 30 in'],
  [
    'a cache without a price',
    { price: price(1, 4), cached: { read: 9, written: 0 } },
    'no price for reads',
  ],
  [
    'a write to it without one',
    { price: price(1, 4), cached: { read: 0, written: 9 } },
    'no price for',
  ],
  ['a cache dearer than none', { price: price(1, 4, [2, 2]) }, 'dearer than fresh input'],
])('%s is not', (_, facts, evidence) => {
  const found = judge(facts);
  expect(found).toMatchObject({ verdict: 'fail' });
  expect(found.evidence).toContain(evidence);
  expect(found.fix).toMatch(/price/i);
});

test('an unknown price stays unknown, and says what to do', () => {
  expect(judge({ price: undefined })).toMatchObject({
    verdict: 'unknown',
    fix: expect.stringContaining('CC_PROFILE_<NAME>_PRICE_INPUT'),
  });
  const login: Profile = { ...profile, kind: 'login' };
  expect(judge({ profile: login, price: undefined })).toMatchObject({
    verdict: 'unknown',
    fix: expect.stringContaining('in full'),
  });
});

test('a cache price that is missing is told, also where none was used', () => {
  const found = judge({ price: price(1, 4) });
  expect(found.verdict).toBe('pass');
  expect(found.evidence).toContain('no price for cache reads and writes');
  expect(found.fix).toContain('CACHE_READ');
});
