import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LabServer } from '../support/server.ts';
import { handOver, type Persona, writes } from '../support/workflows/actor.ts';
import { inShop } from '../support/workflows/in-shop.ts';

const shop = inShop();

const file = (id: string, nodes: readonly string[], more = '') =>
  `schema_version: 1\nid: ${id}\n${more}nodes:\n${nodes.map((node) => `  ${node}\n`).join('')}`;

const quick: Persona = () => [handOver('review', { findings: [], blocking_issues: [] })];

/** Waits at its first answer until it is released, once. */
const held =
  (name: string): Persona =>
  (scene) =>
    quick(scene).map((step) => ({ ...step, hold: { at: 'before_headers', name, times: 1 } }));

const CHAIN = file('chain', [
  'a: { role: review, task: Do a. }',
  'b: { role: review, task: Do b., needs: a }',
]);

test('stopped in the middle it goes on when resumed, and is done again in part when asked', async () => {
  const { lab, flows } = shop;
  const id = await flows.text(CHAIN, { a: quick, b: held('b') });
  await lab.model.waitForHold('b', 100_000);
  expect(await flows.ask(id, { kind: 'stop', text: 'not now' })).toMatchObject({ ok: true });
  const { instance: stopped } = await flows.atRest(id);
  expect(stopped).toMatchObject({ state: 'stopped', reason: expect.stringContaining('not now') });
  for (const run of await flows.noteRuns(id)) expect(lab.processes(run)).toEqual([]);
  lab.model.release('b');
  expect(await flows.ask(id, { kind: 'resume' })).toMatchObject({ ok: true });
  const { instance: done } = await flows.atRest(id);
  expect(done, done.reason).toMatchObject({ state: 'succeeded' });
  expect(flows.conversations('chain')).toEqual({ a: 1, b: 2 });

  const again = await flows.ask(id, {
    kind: 'retry_node',
    node: 'a',
    text: 'look at the tax, too',
  });
  expect(again).toMatchObject({ ok: true, instance: { state: 'needs_rerun' } });
  expect(await flows.ask(id, { kind: 'resume' })).toMatchObject({ ok: true });
  const { instance: rerun } = await flows.atRest(id);
  expect(rerun, rerun.reason).toMatchObject({ state: 'succeeded' });
  expect(flows.conversations('chain')).toEqual({ a: 2, b: 3 });
  const told = lab.model.requestsFor('chain.a', 0)[1]?.body;
  expect(JSON.stringify(told)).toContain('look at the tax, too');
});

test('asked for the form of its answer again, a worker changes nothing: that work would go unjudged', async () => {
  const { lab, flows } = shop;
  const text = file('late', [
    'fix: { role: implementation, task: Do the fix., allow_write: true, write_scope: { allow: [src/] } }',
  ]);
  let attempts = 0;
  const fix: Persona = ({ call, path }) => {
    if (!call.latest.includes('cannot be used')) {
      return Array(call.step + 1).fill({ text: 'All is done.' });
    }
    attempts += 1;
    const late = writes(path('src/late.js'), 'late();\n');
    return Array(call.step + 1).fill(attempts === 1 ? late : handOver('implementation'));
  };
  const id = await flows.text(text, { fix });
  const { instance } = await flows.atRest(id);
  expect(attempts).toBe(2);
  expect(instance, instance.reason).toMatchObject({
    state: 'failed',
    reason: expect.stringContaining('read-only'),
  });
  expect(existsSync(join(lab.project, 'src/late.js'))).toBe(false);
});

test('two controllers with one key share a workflow; it does not end with one of them', async () => {
  const { lab, flows } = shop;
  lab.write('flow.yaml', CHAIN);
  await flows.cast(CHAIN, { a: held('a'), b: quick });
  const [one, two] = await Promise.all([LabServer.start(lab), LabServer.start(lab)]);
  const asked = { file: 'flow.yaml', idempotency_key: 'k', wait_seconds: 0 };
  const [first, second] = await Promise.all([
    one.call('cc_workflow_run', asked),
    two.call('cc_workflow_run', asked),
  ]);
  expect(first).toMatchObject({ ok: true, still_running: true });
  expect(second.workflow_id).toBe(first.workflow_id);
  const id = String(first.workflow_id);
  flows.ids.push(id);
  await lab.model.waitForHold('a', 100_000);
  one.kill();
  const waiting = two.call('cc_workflow_run', { ...asked, wait_seconds: 90 });
  lab.model.release('a');
  expect(await waiting).toMatchObject({ ok: true, state: 'succeeded', existing: true });
  expect(flows.conversations('chain')).toEqual({ a: 1, b: 1 });
  await two.close();
  await flows.atRest(id);
});

test('a budget that is used up blocks the rest, which goes on with a larger one', async () => {
  const { flows } = shop;
  const text = file(
    'dear',
    ['a', 'b', 'c'].map((name, at) => {
      const needs = at === 0 ? '' : `, needs: ${'abc'[at - 1]}`;
      return `${name}: { role: review, task: Do ${name} of dear.${needs} }`;
    }),
    'budget: { max_runs: 2 }\n',
  );
  const id = await flows.text(text, { a: quick, b: quick, c: quick });
  const { instance } = await flows.atRest(id);
  expect(instance, instance.reason).toMatchObject({ state: 'needs_attention' });
  expect(await flows.node(id, 'c')).toMatchObject({
    state: 'blocked',
    reason: { code: 'budget_exhausted' },
  });
  await flows.ask(id, { kind: 'resume', limits: { max_runs: 3 } });
  const { instance: done } = await flows.atRest(id);
  expect(done, done.reason).toMatchObject({ state: 'succeeded', spent: { runs: 3 } });
  expect(flows.conversations('dear')).toEqual({ a: 1, b: 1, c: 1 });
});

test('an answer without a form is asked for once more in the same session; then it has failed', async () => {
  const { lab, flows } = shop;
  const text = file('forms', [
    'mended: { role: review, task: Do the mended one. }',
    'lost: { role: review, task: Do the lost one. }',
  ]);
  const words = { text: 'All is well.' };
  const mended: Persona = (scene) =>
    scene.call.latest.includes('cannot be used')
      ? Array(scene.call.step + 1).fill(quick(scene)[0])
      : Array(scene.call.step + 1).fill(words);
  const lost: Persona = ({ call }) => Array(call.step + 1).fill(words);
  const id = await flows.text(text, { mended, lost });
  const { instance } = await flows.atRest(id);
  expect(instance, instance.reason).toMatchObject({ state: 'failed' });
  expect(await flows.node(id, 'mended')).toMatchObject({ state: 'succeeded' });
  expect(await flows.node(id, 'lost')).toMatchObject({
    state: 'failed',
    reason: { code: 'invalid_output' },
  });
  expect(flows.conversations('forms')).toEqual({ mended: 1, lost: 1 });
  const asked = lab.model
    .requestsFor('forms.lost')
    .filter(({ body }) =>
      JSON.stringify(body).includes('Your work is done, but what you handed over cannot be used'),
    );
  expect(asked.length).toBeGreaterThan(0);
  const { tasks } = await flows.node(id, 'lost');
  expect(tasks.map(({ tries }) => tries)).toEqual([1]);
});

test('the loop guard ends a gate that would go back for ever, exactly', async () => {
  const { flows } = shop;
  const text = file(
    'loop',
    [
      'work: { role: review, task: Do the work. }',
      'look: { role: review, task: Look at it., needs: work }',
      'good: { type: gate, needs: look, pass_when: look.blocking_count == 0, on_fail: { retry: work, max_retries: 9 } }',
    ],
    'loop_guard: 2\n',
  );
  const look: Persona = () => [
    handOver('review', { findings: [], blocking_issues: ['It is never good enough.'] }),
  ];
  const id = await flows.text(text, { work: quick, look });
  const { instance } = await flows.atRest(id);
  expect(instance, instance.reason).toMatchObject({ state: 'failed', round: 2 });
  expect(await flows.node(id, 'good')).toMatchObject({ reason: { code: 'loop_guard' } });
  expect(flows.conversations('loop')).toEqual({ work: 2, look: 2 });
});
