import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import type { Script } from '../../src/loopback/index.ts';
import { killProcess } from '../../src/proc/terminate.ts';
import { Lab, rawCoverage } from '../support/lab.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

/** Each call is given more to read; the session that is told of a handover finishes. */
const growing: Script = {
  name: 's',
  steps: [],
  after: ({ step, body }) => {
    const text = JSON.stringify(body);
    if (text.includes('Write its handover'))
      return { text: '# Done\nread MANGO', usage: { input: 2000, output: 300 } };
    if (text.includes('An earlier session of yours'))
      return { text: 'finished', usage: { input: 1000, output: 10 } };
    return {
      tools: [{ name: 'Glob', input: { pattern: '*.md' } }],
      usage: { input: 15_000 * (step + 1), output: 10 },
    };
  },
};

test('a session whose context is full hands over to a fresh one, in the same run', async () => {
  lab = await Lab.open([growing]);
  const run = await lab.ended(await lab.launch({ task: 'Read all about PLUMS.' }));
  expect(run.record).toMatchObject({ state: 'succeeded', outcome: { usage: { complete: true } } });
  expect(readFileSync(run.paths.stdout, 'utf8')).toBe('finished');
  const events = lab.events(run);
  expect(events.filter((event) => event.type === 'cc.context.rotated')).toHaveLength(1);
  expect(events.filter((event) => event.type === 'cc.worker.started')).toHaveLength(2);
  const last = JSON.stringify(lab.model.requestsFor('s').at(-1)?.body);
  for (const part of ['PLUMS', 'read MANGO']) expect(last).toContain(part);
  // Costs of both sessions, to the token.
  const served = lab.model.tokensServed('s');
  expect(run.record.outcome?.usage.tokens).toMatchObject({
    input: served.input,
    output: served.output,
  });
  // 128k are assumed for a model nobody knows; 65 % of that is 83 200.
  expect(Math.max(...events.map((event) => Number(event.context ?? 0)))).toBeLessThanOrEqual(
    90_000,
  );
  expect(rawCoverage(events)).toEqual([]);
});

test('kills on the way lose neither the handover nor the task', async () => {
  lab = await Lab.open([growing]);
  const run = await lab.launch({ task: 'Read all about PLUMS.' });
  for (const type of ['cc.context.filled', 'cc.context.rotated']) {
    await lab.until(async () => {
      await lab.ended(run, 100).catch(() => undefined);
      return lab.events(run).find((event) => event.type === type);
    }, type);
    await killProcess(lab.supervisor(run));
  }
  const ended = await lab.ended(run);
  expect(ended.record.state).toBe('succeeded');
  expect(readFileSync(ended.paths.stdout, 'utf8')).toBe('finished');
  expect(rawCoverage(lab.events(run))).toEqual([]);
});
