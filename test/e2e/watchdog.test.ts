import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Script } from '../../src/loopback/index.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { Lab, rawCoverage } from '../support/lab.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

/** Thresholds of a few seconds, so that nobody has to wait for minutes. */
async function open(watchdog: object, script: Partial<Script> = {}): Promise<void> {
  lab = await Lab.open([{ name: 's', steps: [], ...script }]);
  const { policy } = lab.host().home;
  mkdirSync(dirname(policy), { recursive: true });
  writeFileSync(policy, JSON.stringify({ watchdog }));
}

const verdict = ({ record }: FoundRun) =>
  `${record.outcome?.state}/${record.outcome?.failure.class}`;
const flagsOf = (run: FoundRun) =>
  lab
    .events(run)
    .filter(({ type }) => type === 'cc.flag.raised')
    .map(({ code, severity }) => `${code} ${severity}`);

test('a refused key ends the run with the first retry', async () => {
  await open({});
  lab.addProfile('wrong', lab.model.url, 'not-the-token');
  const run = await lab.ended(await lab.launch({ task: 'Go.', profile: 'env:wrong' }));
  expect(verdict(run)).toBe('failed/auth_failed');
  expect(run.record.outcome?.failure).toMatchObject({
    source: 'stream',
    retryable: false,
    evidence: ['the model service refused the key (HTTP 401)'],
  });
  expect(lab.events(run).filter(({ type }) => type === 'cc.api.retried')).toHaveLength(1);
  expect(flagsOf(run)).toEqual(['retry_storm high']);
  expect(rawCoverage(lab.events(run))).toEqual([]);
});

test('other retries end it when they are too many, by what the service answered', async () => {
  await open(
    { retry_attempts: 2 },
    { steps: [{ text: 'x', faults: [{ kind: 'http', status: 500 }] }] },
  );
  const run = await lab.ended(await lab.launch({ task: 'Go.' }));
  expect(verdict(run)).toBe('failed/provider_overload');
  expect(run.record.outcome?.failure.retryable).toBe(true);
  expect(lab.model.requestsFor('s').length).toBeLessThanOrEqual(3);
});

test('or take too long: nobody waits for a rate limit that lasts', async () => {
  const limited = { kind: 'http' as const, status: 429, headers: { 'retry-after': '50' } };
  await open({ retry_seconds: 4 }, { steps: [{ text: 'x', faults: [limited] }] });
  const run = await lab.ended(await lab.launch({ task: 'Go.' }));
  expect(verdict(run)).toBe('failed/rate_limited');
  expect(run.record.elapsed_ms).toBeLessThan(45_000);
});

test('a model that never answers is told first, and then ends the run', async () => {
  await open({ no_output_seconds: 5 }, { steps: [{ text: 'x', hold: { at: 'before_headers' } }] });
  const run = await lab.launch({ task: 'Go.', budget: { idle_seconds: 10 } });
  const told = await lab.event(run, 'cc.flag.raised');
  expect(told).toMatchObject({ code: 'no_output', severity: 'medium', by: 'watchdog' });
  expect((await lab.find(run.record.run_id)).record.state).toBe('running');
  const ended = await lab.ended(run);
  expect(verdict(ended)).toBe('timed_out/no_output');
  expect(flagsOf(ended)).toEqual(['no_output medium']);
});

test('a stream that trickles is told, and not cut', async () => {
  const words = 'slow and steady '.repeat(2);
  await open(
    { no_output_seconds: 5, stall_seconds: 5 },
    { steps: [{ text: words, pace: { chunkChars: 1, betweenChunksMs: 300 } }] },
  );
  const run = await lab.ended(await lab.launch({ task: 'Go.', budget: { idle_seconds: 30 } }));
  expect(verdict(run)).toBe('succeeded/success');
  expect(flagsOf(run)).toEqual(['no_output medium']);
});

test('a tool that runs for long is slow, and not stalled', async () => {
  await open(
    { stall_seconds: 10 },
    {
      steps: [
        { tools: [{ name: 'Bash', input: { command: 'sh slow.sh', description: 'd' } }] },
        { text: 'Done.' },
      ],
    },
  );
  lab.write('slow.sh', 'sleep 14\n');
  const run = await lab.launch({
    task: 'Go.',
    allowWrite: true,
    scope: { paths: ['src/**'], commands: ['sh slow.sh'] },
    budget: { idle_seconds: 10 },
  });
  const ended = await lab.ended(run);
  expect(verdict(ended)).toBe('succeeded/success');
  expect(flagsOf(ended)).toEqual([]);
});

test('a CLI that does not come up is not waited for', async () => {
  await open({ no_output_seconds: 5 });
  const hung = join(lab.dir, 'claude');
  writeFileSync(
    hung,
    '#!/bin/sh\nif [ "$1" = --version ]; then echo "2.1.329 (Claude Code)"; exit; fi\nexec sleep 600\n',
    { mode: 0o755 },
  );
  lab.env.CC_CLAUDE_PATH = hung;
  const run = await lab.ended(await lab.launch({ task: 'Go.' }));
  expect(verdict(run)).toBe('timed_out/no_output');
  expect(run.record.outcome?.failure.evidence[0]).toContain('after the worker was started');
});
