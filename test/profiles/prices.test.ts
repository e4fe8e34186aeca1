import { describe, expect, it } from 'vitest';
import { isKnownToClaude, isListedClaudeModel } from '../../src/profiles/claude-models.ts';
import type { Price } from '../../src/profiles/price.ts';
import { priceKeys } from '../../src/profiles/price-keys.ts';
import { costOf, lookUpPrice, parsePrice, priceFor } from '../../src/profiles/prices.ts';
import type { Profile } from '../../src/profiles/profile.ts';

const price = (input: number, more: Partial<Price> = {}): Price => ({
  input,
  output: input * 5,
  cache_read: 0,
  cache_write: 0,
  currency: 'USD',
  per: 1_000_000,
  source: 'cc-switch',
  ...more,
});
const table = new Map([
  ['claude-opus-5', price(5)],
  ['claude-haiku-4-5-20251001', price(1)],
  ['claude-opus-4-5', price(15)],
  ['deepseek-v4-pro', price(1.32)],
  ['kimi-k2.7-code', price(0.95)],
  ['gemini-2.5-flash-lite', price(0.1)],
  ['gemini-3-pro-preview', price(2)],
  ['gpt-5.6-sol', price(6)],
  ['minimax-m3', price(0.3)],
]);

describe('the price of a model', () => {
  it.each<[string, number | undefined]>([
    ['claude-opus-5', 5],
    ['Claude-Opus-5[1M]', 5],
    ['anthropic/claude-opus-5', 5],
    ['global.anthropic.claude-opus-5', 5],
    ['us.anthropic.claude-haiku-4-5-20251001-v1:0', 1],
    ['claude-haiku-4-5@20251001', 1],
    ['anthropic/claude-haiku-4.5', 1],
    ['claude-haiku-4-5', 1],
    ['claude-opus-4-5-20251101', 15],
    ['deepseek/deepseek-v4-pro:free', 1.32],
    ['deepseek-v4-pro-260628', 1.32],
    ['deepseek-v4-pro-2026-06-28', 1.32],
    ['MoonshotAI/Kimi-K2.7-Code', 0.95],
    ['Pro/MiniMaxAI/MiniMax-M3', 0.3],
    ['gpt-5.6-sol-high', 6],
    ['openai/gpt-5.6-sol@high', 6],
    ['gemini-3-pro', 2],
    // Cases in which a near id has another price: unknown stays unknown.
    ['gemini-2.5-flash', undefined],
    ['claude-opus-4', undefined],
    ['claude-opus', undefined],
    ['deepseek-v4', undefined],
    ['deepseek-v4-pro-999999', undefined],
    ['kimi-k2', undefined],
    ['unknown', undefined],
    ['', undefined],
    ['.*', undefined],
  ])('%s is %s', (model, expected) => {
    expect(lookUpPrice(model, table)?.input).toBe(expected);
  });

  it('is looked for under few names, also for hostile ids', () => {
    expect(priceKeys(`${'a-high-low-'.repeat(500)}high`).exact.length).toBeLessThan(10);
    expect(priceKeys('-'.repeat(10_000)).exact.length).toBeLessThan(10);
  });

  const profile: Profile = {
    id: 'p',
    name: 'p',
    source: 'cc-switch',
    kind: 'direct',
    usable: true,
    current: false,
    auth: 'api_key',
    models: {},
    warnings: [],
  };
  it('is multiplied for a provider, taken from the profile if that has one, and unknown for the login', () => {
    expect(priceFor({ ...profile, cost_multiplier: 0.5 }, 'claude-opus-5', table)).toEqual(
      price(2.5, { cache_read: 0, cache_write: 0 }),
    );
    const own = price(9, { source: 'profile' });
    expect(priceFor({ ...profile, price: own, cost_multiplier: 2 }, 'anything', table)).toBe(own);
    expect(priceFor({ ...profile, kind: 'login' }, 'claude-opus-5', table)).toBeUndefined();
    expect(priceFor(profile, 'never-heard-of', table)).toBeUndefined();
  });
});

describe('a cost', () => {
  it('is tokens times price', () => {
    const usage = { input: 1_000_000, output: 100_000, cache_read: 2_000_000, cache_write: 10 };
    expect(costOf(usage, price(2, { cache_read: 0.5, cache_write: 4 }))).toBeCloseTo(
      2 + 1 + 1 + 0.00004,
      10,
    );
    expect(costOf({ input: 0, output: 0 }, price(2))).toBe(0);
  });

  it('is unknown without a price, and without a cache price for cached tokens', () => {
    const { cache_read: _read, cache_write: _write, ...bare } = price(2);
    expect(costOf({ input: 1, output: 1 }, undefined)).toBeUndefined();
    expect(costOf({ input: 1, output: 1, cache_read: 5 }, bare)).toBeUndefined();
    expect(costOf({ input: 500_000, output: 0, cache_read: 0 }, bare)).toBe(1);
    expect(costOf({ input: Number.NaN, output: 1 }, bare)).toBeUndefined();
    expect(costOf({ input: -1, output: 1 }, bare)).toBeUndefined();
  });

  it.each<[unknown, number | undefined]>([
    ['0', 0],
    ['0.50', 0.5],
    [' 3 ', 3],
    ['.5', 0.5],
    [2.5, 2.5],
    ['', undefined],
    ['1e3', undefined],
    ['-1', undefined],
    ['1,5', undefined],
    [null, undefined],
    [Number.NaN, undefined],
  ])('of %o per million reads as %s', (text, value) => expect(parsePrice(text)).toBe(value));
});

describe("the CLI's own figures", () => {
  it.each([
    'claude-opus-5',
    'claude-opus-4-8',
    'claude-sonnet-5-5',
    'claude-haiku-4-5-20251001',
    'claude-fable-5-1',
    'claude-sonnet-5[1m]',
    'claude-3-5-haiku-20241022',
    'claude-3-7-sonnet-latest',
    'global.anthropic.claude-opus-5',
    'us.anthropic.claude-haiku-4-5-20251001-v1:0',
    'claude-haiku-4-5@20251001',
  ])('count for %s', (model) => {
    expect(isListedClaudeModel(model)).toBe(true);
  });
  it.each([
    'sonnet',
    'claude',
    'claude-fast',
    'claude-sonnet-5-cheap',
    'anthropic/claude-sonnet-5',
    'my-claude-sonnet-5',
    'claude-sonnet-4.5',
    'deepseek-v4-pro',
    '',
    'claude-opus-5 '.repeat(2),
  ])('do not count for %s', (model) => {
    expect(isListedClaudeModel(model)).toBe(false);
  });
  it.each(['sonnet', 'opus', 'haiku', 'default', 'Sonnet[1m]'])(
    'count for the family %s at the login, and nowhere else',
    (model) => {
      expect(isKnownToClaude(model, 'login')).toBe(true);
      expect(isKnownToClaude(model, 'direct')).toBe(false);
      expect(isKnownToClaude(`my-${model}`, 'login')).toBe(false);
    },
  );
});
