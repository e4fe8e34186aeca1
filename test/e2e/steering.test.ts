import { existsSync, readFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import type { Script } from '../../src/loopback/index.ts';
import { killProcess } from '../../src/proc/terminate.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { type Steering, steerRun } from '../../src/runs/instruct.ts';
import { Lab, rawCoverage } from '../support/lab.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const from = { from: 'test', signal: new AbortController().signal };
const steer = (run: FoundRun, steering: Steering) => steerRun(lab.host(), run, steering, from);

/** Texts of the requests of a script, so that what reached the model can be looked up. */
const said = (script = 's') =>
  lab.model.requestsFor(script).map(({ body }) => JSON.stringify(body));

const write = (path: string, content = 'x') => ({
  name: 'Write',
  input: { file_path: path, content },
});

async function open(steps: (lab: { path: (name: string) => string }) => Script['steps']) {
  lab = await Lab.open([]);
  lab.model.addScript({ name: 's', steps: steps(lab) });
}

test('an instruction is folded into the running turn, once, and the run ends as ever', async () => {
  await open((at) => [
    {
      tools: [{ name: 'Read', input: { file_path: at.path('README.md') } }],
      hold: { at: 'mid_message', name: 'h' },
    },
    { tools: [{ name: 'Read', input: { file_path: at.path('README.md') } }] },
    { text: 'all done' },
  ]);
  const run = await lab.launch({ task: 'Look.' });
  await lab.model.waitForHold('h');
  expect(await steer(run, { instruction: 'Also mention the colour GREEN.' })).toMatchObject({
    how: 'running',
  });
  lab.model.release('h');
  const ended = await lab.ended(run);
  expect(ended.record.state).toBe('succeeded');
  const requests = said();
  expect(requests[0]).not.toContain('GREEN');
  expect(requests.at(-1)?.split('Also mention the colour GREEN').length).toBe(2);
  const events = lab.events(run);
  expect(events.filter((event) => event.type === 'cc.run.ended')).toHaveLength(1);
  expect(rawCoverage(events)).toEqual([]);
});

test('an instruction survives the death of the supervisor that accepted it', async () => {
  await open((at) => [
    {
      tools: [{ name: 'Read', input: { file_path: at.path('README.md') } }],
      hold: { at: 'mid_message', name: 'h' },
    },
    { text: 'first' },
    { text: 'second' },
  ]);
  const run = await lab.launch({ task: 'Look.' });
  await lab.model.waitForHold('h');
  await steer(run, { instruction: 'Then say BLUE.', when: 'after_turn' });
  await killProcess(lab.supervisor(run));
  lab.model.release('h');
  const ended = await lab.ended(run);
  expect(ended.record.state).toBe('succeeded');
  expect(said().filter((body) => body.includes('Then say BLUE.'))).toHaveLength(1);
  expect(readFileSync(ended.paths.stdout, 'utf8')).toBe('second');
  expect(rawCoverage(lab.events(run))).toEqual([]);
});

test('`now` breaks the turn off and begins a new one', async () => {
  await open(() => [
    { text: 'a long story', hold: { at: 'mid_message', name: 'never' } },
    { text: 'short answer' },
  ]);
  const run = await lab.launch({ task: 'Tell.' });
  await lab.model.waitForHold('never');
  await steer(run, { instruction: 'Stop, just say hello.', when: 'now' });
  const ended = await lab.ended(run);
  expect(ended.record).toMatchObject({ state: 'succeeded' });
  expect(readFileSync(ended.paths.stdout, 'utf8')).toBe('short answer');
});

test('narrowing holds from the next call on, and so does read-only', async () => {
  await open((at) => [
    { tools: [write(at.path('a/one.txt'))] },
    { tools: [write(at.path('b/two.txt'))], hold: { at: 'mid_message', name: 'h' } },
    { tools: [write(at.path('a/three.txt'))] },
    { tools: [write(at.path('a/four.txt'))], hold: { at: 'mid_message', name: 'h2' } },
    { text: 'done' },
  ]);
  const run = await lab.launch({
    task: 'Write.',
    allowWrite: true,
    scope: { paths: ['a/**', 'b/**'] },
  });
  await lab.model.waitForHold('h');
  await steer(run, { narrow: { paths: ['a/**', 'c/**'] } });
  lab.model.release('h');
  await lab.model.waitForHold('h2');
  await steer(run, { mode: 'read_only' });
  lab.model.release('h2');
  const ended = await lab.ended(run);
  expect(
    ['a/one.txt', 'b/two.txt', 'a/three.txt', 'a/four.txt'].map((name) =>
      existsSync(lab.path(name)),
    ),
  ).toEqual([true, false, true, false]);
  expect(ended.record).toMatchObject({
    mode: 'read_only',
    narrowed: [{ paths: ['a/**', 'c/**'] }],
  });
});

test('a finished run goes on in its own session, on the same route, and is billed apart', async () => {
  await open(() => [
    { text: 'The answer is 41.', usage: { input: 1000, output: 100 } },
    { text: 'Sorry, 42.', usage: { input: 1200, output: 50 } },
    { text: 'Yes.', usage: { input: 1300, output: 10 } },
  ]);
  const first = await lab.ended(
    await lab.launch({ task: 'Compute.', budget: { lifetime: { max_tokens: 3000 } } }),
  );
  const steered = await steer(first, { instruction: 'Check it.' });
  if (steered.how !== 'continued') throw new Error(steered.how);
  lab.runs.push(steered.record.run_id);
  const second = await lab.ended(await lab.find(steered.record.run_id));
  expect(second.record).toMatchObject({
    state: 'succeeded',
    model: first.record.model,
    lineage: {
      root: first.record.run_id,
      parent: first.record.run_id,
      index: 1,
      kind: 'resume',
      spent: { tokens: 1100, turns: 1 },
    },
    worker: { session_id: first.record.outcome?.session_id, resume: true },
    outcome: { usage: { tokens: { input: 1200, output: 50 }, complete: true } },
  });
  expect(second.record.lineage?.drift).toBeUndefined();
  const last = said().at(-1) ?? '';
  expect(last).toContain('The answer is 41.');
  expect(last).toContain('Check it.');
  // 1100 + 1250 of 3000 tokens: the next call would not fit any more, so nothing more is asked.
  const third = await steer(second, {
    instruction: 'Again.',
    budget: { lifetime: { max_tokens: 2300 } },
  }).catch((error: Error) => error);
  expect(third).toMatchObject({ code: 'LIMIT_REACHED' });
});

test('two continuations of one session never run at once', async () => {
  await open(() => [{ text: 'one' }, { text: 'two', hold: { at: 'mid_message', name: 'h' } }]);
  const first = await lab.ended(await lab.launch({ task: 'Go.' }));
  const [a, b] = await Promise.allSettled([
    steer(first, { instruction: 'more' }),
    steer(first, { instruction: 'more' }),
  ]);
  const started = [a, b].flatMap((one) => (one?.status === 'fulfilled' ? [one.value] : []));
  expect(started).toHaveLength(1);
  const [only] = started;
  if (only?.how !== 'continued') throw new Error('not continued');
  lab.runs.push(only.record.run_id);
  await lab.model.waitForHold('h');
  lab.model.release('h');
  await lab.ended(await lab.find(only.record.run_id));
});

test('another profile goes on in a fresh session that is told what happened', async () => {
  await open(() => [{ text: 'The first answer.' }]);
  lab.addProfile('other');
  lab.model.addScript({
    name: 'o',
    match: 'This continues an earlier task',
    steps: [{ text: 'gone on' }],
  });
  const first = await lab.ended(await lab.launch({ task: 'Think of KIWI.', profile: 'env:lab' }));
  const steered = await steer(first, { instruction: 'Go on.', profile: 'env:other' });
  if (steered.how !== 'continued') throw new Error(steered.how);
  lab.runs.push(steered.record.run_id);
  const second = await lab.ended(await lab.find(steered.record.run_id));
  expect(second.record).toMatchObject({
    state: 'succeeded',
    lineage: { kind: 'recap', drift: { from: 'env:lab lab-model-1', to: 'env:other other-model' } },
  });
  const [body = ''] = said('o');
  for (const part of ['KIWI', 'The first answer.', 'Go on.']) expect(body).toContain(part);
});

test('what makes no sense is refused with what to do', async () => {
  await open(() => [{ text: 'one', hold: { at: 'mid_message', name: 'h' } }]);
  lab.addProfile('other');
  const run = await lab.launch({ task: 'Go.', profile: 'env:lab' });
  await lab.model.waitForHold('h');
  const refused = async (steering: Steering) =>
    steer(run, steering).then(
      () => 'accepted',
      (error: { code: string }) => error.code,
    );
  expect(await refused({})).toBe('BAD_INPUT');
  expect(await refused({ instruction: '  ' })).toBe('BAD_INPUT');
  expect(await refused({ instruction: 'x'.repeat(30_000) })).toBe('BAD_INPUT');
  expect(await refused({ instruction: 'x', profile: 'env:other' })).toBe('BAD_INPUT');
  expect(await refused({ instruction: 'x', budget: { max_turns: 3 } })).toBe('BAD_INPUT');
  lab.model.release('h');
  await lab.ended(run);
});
