import { expect, it } from 'vitest';
import { selfTest } from '../../src/demo/selftest.ts';
import { demoCaller } from '../support/demo-host.ts';
import { CLAUDE } from '../support/lab.ts';

const never = new AbortController().signal;

it('passes every gate with the real Claude Code, and leaves nothing', async () => {
  const caller = demoCaller(CLAUDE);
  const told: string[] = [];
  const result = await selfTest(caller.host, {
    timeoutMs: 180_000,
    signal: never,
    progress: (message) => told.push(message),
  });
  expect(result.gates.filter((gate) => !gate.ok)).toEqual([]);
  expect(result.ok).toBe(true);
  expect(result.gates).toHaveLength(16);
  expect(told.length).toBeGreaterThan(1);
  expect([caller.left(), caller.touched(), caller.processes()]).toEqual([[], [], []]);
});

it('does not pass what the time did not reach', async () => {
  const caller = demoCaller(CLAUDE);
  const result = await selfTest(caller.host, { timeoutMs: 1000, signal: never });
  const failed = result.gates.filter((gate) => !gate.ok);
  expect(result.ok).toBe(false);
  expect(failed).toHaveLength(14);
  expect(failed[0]?.detail).toContain('The time was up (1 s).');
  expect([caller.left(), caller.processes()]).toEqual([[], []]);
});

it('can be interrupted', async () => {
  const caller = demoCaller(CLAUDE);
  const signal = AbortSignal.timeout(1500);
  const result = await selfTest(caller.host, { timeoutMs: 180_000, signal });
  expect(result.ok).toBe(false);
  expect(JSON.stringify(result.gates)).toContain('The self-test was interrupted.');
  expect([caller.left(), caller.processes()]).toEqual([[], []]);
});
