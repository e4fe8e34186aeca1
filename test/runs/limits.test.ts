import { describe, expect, it } from 'vitest';
import {
  budgetTokens,
  closingSeconds,
  type Limit,
  nudgeFor,
  reachedLimit,
  shareOf,
} from '../../src/runs/limits.ts';

const tokens = (used: number | null, cap = 10_000): Limit => ({ name: 'tokens', used, cap });
const call = (count: number, usd: number | null = null) => ({ tokens: count, usd });

describe('a budget', () => {
  it('counts cached reads at a tenth', () => {
    expect(budgetTokens({ input: 100, output: 10, cache_read: 1000, cache_write: 5 })).toBe(215);
  });

  it.each([
    [0, 1000, undefined],
    [7999, 1000, undefined],
    // The next call would fit, but not the closing words after it.
    [8001, 1000, true],
    [9001, 1000, false],
    [10_000, 0, true],
    // Large calls leave no room for words: the budget is used as far as it goes.
    [5000, 4000, undefined],
    [7000, 4000, false],
  ])('of 10 000 with %d used and calls of %d', (used, one, affordable) => {
    const reached = reachedLimit([tokens(used)], call(one));
    expect(reached?.affordable).toBe(used >= 10_000 ? false || affordable : affordable);
  });

  it('of an unknown amount never ends a run, nor does it count as none', () => {
    expect(reachedLimit([{ name: 'usd', used: null, cap: 1 }], call(0))).toBeUndefined();
    expect(shareOf({ name: 'usd', used: null, cap: 1 })).toBe(0);
  });

  it('of a whole task holds like its own', () => {
    const limit: Limit = { name: 'lifetime_usd', used: 0.9, cap: 1 };
    expect(reachedLimit([limit], call(1000, 0.06))?.limit).toBe(limit);
    expect(reachedLimit([limit], call(1000, 0.04))).toBeUndefined();
  });

  it('of time keeps a tenth for the closing words, at most a minute, and none where that is too short', () => {
    expect([30, 100, 900, 7200].map(closingSeconds)).toEqual([0, 10, 60, 60]);
    expect(reachedLimit([{ name: 'wall', used: 841, cap: 900 }], call(0))?.affordable).toBe(true);
    expect(reachedLimit([{ name: 'wall', used: 900, cap: 900 }], call(0))?.affordable).toBe(false);
    expect(reachedLimit([{ name: 'wall', used: 29, cap: 30 }], call(0))).toBeUndefined();
  });

  it('is told of at half, three quarters and nine tenths, once each, and of the tightest limit', () => {
    const turns: Limit = { name: 'turns', used: 30, cap: 100 };
    expect(nudgeFor([tokens(4000), turns], 0)).toBeUndefined();
    expect(nudgeFor([tokens(5500), turns], 0)).toMatchObject({
      mark: 0.5,
      limit: { name: 'tokens' },
    });
    expect(nudgeFor([tokens(5600), turns], 0.5)).toBeUndefined();
    expect(nudgeFor([tokens(9200), turns], 0.5)).toMatchObject({ mark: 0.9 });
  });
});
