import { expect, test } from 'vitest';
import { planTest } from '../../src/probe/plan.ts';
import type { Price } from '../../src/profiles/price.ts';

const price: Price = { input: 1, output: 10, currency: 'USD', per: 1_000_000, source: 'profile' };
const facts = { price, window: 200_000 };

test('a quick test is one conversation and takes few tokens', () => {
  const plan = planTest('quick', {}, facts);
  expect(plan.tasks).toEqual(['basic']);
  expect(plan.usual.input + plan.usual.output).toBeLessThanOrEqual(3000);
  expect(plan.mostTokens).toBeLessThanOrEqual(20_000);
});

test('a long prompt needs a cap, and keeps within it and the claimed window', () => {
  const without = planTest('full', {}, facts);
  expect(without.tasks).toEqual(['basic', 'thinking']);
  expect(without.noLongBecause).toContain('max_tokens');

  const small = planTest('full', { maxTokens: 50_000 }, facts);
  expect(small.tasks).toEqual(['basic', 'thinking', 'long_context']);
  expect(small.usual.input + small.usual.output).toBeLessThan(50_000);
  expect(small.longTokens).toBeGreaterThan(35_000);
  expect(small.mostTokens).toBe(50_000);

  expect(planTest('full', { maxTokens: 1_000_000 }, facts).longTokens).toBe(170_000);
  expect(
    planTest('full', { maxTokens: 1_000_000 }, { ...facts, window: undefined }).longTokens,
  ).toBeGreaterThan(800_000);
  expect(planTest('full', { maxTokens: 20_000 }, facts).noLongBecause).toContain('leaves room');
  expect(
    planTest('full', { maxTokens: 90_000 }, { ...facts, window: 16_000 }).noLongBecause,
  ).toContain('claims only 16000');
});

test('a cap in USD is turned into tokens, and needs a price', () => {
  const plan = planTest('full', { maxUsd: 0.1 }, facts);
  const usd = (plan.usual.input * price.input + plan.usual.output * price.output) / 1e6;
  expect(usd).toBeLessThanOrEqual(0.1);
  expect(plan.longTokens).toBeGreaterThan(50_000);
  expect(() => planTest('quick', { maxUsd: 1 }, { ...facts, price: undefined })).toThrow(
    'max_usd cannot hold',
  );
  const free = { ...facts, price: { ...price, input: 0, output: 0 }, window: undefined };
  expect(planTest('full', { maxUsd: 1 }, free).noLongBecause).toContain('says how long');
});

test('a cap that would end the test for sure is refused', () => {
  expect(() => planTest('quick', { maxTokens: 2000 }, facts)).toThrow('is too little');
  expect(() => planTest('quick', { maxUsd: 0.001 }, facts)).toThrow('is too little');
  expect(() => planTest('full', { maxTokens: 4000 }, facts)).toThrow('is too little');
});
