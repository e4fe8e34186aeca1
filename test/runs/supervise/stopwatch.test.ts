import { describe, expect, it } from 'vitest';
import { carriedTime, Stopwatch, uptimeNow } from '../../../src/runs/supervise/stopwatch.ts';

const HOUR_MS = 3_600_000;
const NOON = new Date('2026-11-21T12:00:00.000Z');
const up = { boot: 'this one', ms: 500_000 };
const last = (uptime?: { boot: string; ms: number }) => ({
  elapsed_ms: 1000,
  updated: NOON.toISOString(),
  uptime,
});

describe('what a successor carries over', () => {
  it('is nothing where nobody has counted', () => {
    expect(carriedTime(undefined, NOON, up)).toBe(0);
  });

  it.each([0, HOUR_MS, -HOUR_MS, 400 * 24 * HOUR_MS, -10 * 365 * 24 * HOUR_MS])(
    'is the same when the clock jumped by %i ms',
    (jump) => {
      const now = new Date(NOON.getTime() + jump);
      expect(carriedTime(last({ boot: 'this one', ms: 497_500 }), now, up)).toBe(3500);
    },
  );

  it('is told by the wall clock after a new start of the machine, and never less than was counted', () => {
    const before = last({ boot: 'an earlier one', ms: 9_000_000 });
    expect(carriedTime(before, new Date(NOON.getTime() + 7000), up)).toBe(8000);
    expect(carriedTime(before, new Date(NOON.getTime() - 7000), up)).toBe(1000);
    expect(carriedTime(last(), new Date(NOON.getTime() + 7000), up)).toBe(8000);
    expect(carriedTime({ ...last(), updated: 'never' }, NOON, up)).toBe(1000);
  });
});

it('the uptime goes on with the machine', async () => {
  const before = uptimeNow();
  await new Promise((resolve) => setTimeout(resolve, 60));
  const after = uptimeNow();
  expect(after.boot).toBe(before.boot);
  expect(after.ms - before.ms).toBeGreaterThanOrEqual(30);
});

it('a stopwatch goes on from what was carried over, whatever the wall clock says', () => {
  let monotonic = 100;
  const clock = { now: () => new Date(0), monotonic: () => monotonic };
  const stopwatch = new Stopwatch(clock, 3000, 10_000);
  monotonic += 2500;
  expect(stopwatch.elapsedMs()).toBe(5500);
  expect(stopwatch.remainingMs()).toBe(4500);
});
