import { expect, it } from 'vitest';
import { isoTime, sleep, systemClock } from '../../src/core/clock.ts';

it('monotonic time only grows', () => {
  const first = systemClock.monotonic();
  expect(systemClock.monotonic()).toBeGreaterThanOrEqual(first);
});

it('times are UTC with milliseconds', () => {
  expect(isoTime(new Date(0))).toBe('1970-01-01T00:00:00.000Z');
});

it('sleep ends early when it is aborted, and at once when it already was', async () => {
  const controller = new AbortController();
  const sleeping = sleep(60_000, controller.signal);
  controller.abort();
  await sleeping;
  await sleep(60_000, controller.signal);
});

it('sleep leaves no listener behind', async () => {
  let listeners = 0;
  const { signal } = new AbortController();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1;
    remove(...args);
  };
  await sleep(1, signal);
  expect(listeners).toBe(0);
});
