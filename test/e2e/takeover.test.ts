import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Script } from '../../src/loopback/index.ts';
import { isAlive } from '../../src/proc/identity.ts';
import { Lab, rawCoverage } from '../support/lab.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

/** Writes one file, then waits at a barrier before the last answer. */
const writer = (path: string): Script => ({
  name: 'writer',
  steps: [
    { text: 'Writing.', tools: [{ name: 'Write', input: { file_path: path, content: 'one\n' } }] },
    {
      text: 'Again.',
      tools: [{ name: 'Edit', input: { file_path: path, old_string: 'one', new_string: 'two' } }],
      hold: { at: 'before_headers', name: 'second' },
    },
    { text: 'All done.', hold: { at: 'before_headers', name: 'last' } },
  ],
});

async function openWriter() {
  lab = await Lab.open([]);
  lab.model.addScript(writer(lab.path('out.txt')));
  const run = await lab.launch({
    task: 'Write the file.',
    allowWrite: true,
    scope: { paths: ['**'] },
  });
  await lab.model.waitForHold('second');
  await lab.event(run, 'cc.tool.finished');
  return run;
}

test('a supervisor killed while the model thinks is replaced, and the run ends as if nothing had happened', async () => {
  const run = await openWriter();
  const supervisor = lab.supervisor(run);
  process.kill(supervisor.pid, 'SIGKILL');
  await lab.until(async () => (isAlive(supervisor) ? undefined : true), 'the supervisor to die');
  lab.model.release('second');
  lab.model.release('last');
  const { record } = await lab.ended(run);
  expect(record.outcome).toMatchObject({
    state: 'succeeded',
    failure: { class: 'success' },
    exit_code: null,
    left_processes: [],
    changed_files: 1,
    usage: { tokens: { input: 300, output: 60 }, complete: true },
  });
  expect(lab.read('out.txt')).toBe('two\n');
  const events = lab.events(run);
  expect(rawCoverage(events)).toEqual([]);
  expect(events.filter((event) => event.type === 'cc.worker.started')).toHaveLength(1);
  expect(
    events.filter((event) => event.type === 'cc.supervisor.started').map((event) => event.epoch),
  ).toEqual([1, 2]);
  expect(Object.values(lab.model.callsPerConversation())).toEqual([3]);
});

test('a frozen supervisor is ended and replaced; the worker waits at its question and is answered', async () => {
  const run = await openWriter();
  const supervisor = lab.supervisor(run);
  process.kill(supervisor.pid, 'SIGSTOP');
  lab.model.release('second');
  lab.model.release('last');
  // The worker now asks whether it may edit, and nobody answers until somebody looks.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(lab.read('out.txt')).toBe('one\n');
  const { record } = await lab.ended(run);
  expect(record.outcome?.state).toBe('succeeded');
  expect(isAlive(supervisor)).toBe(false);
  expect(lab.read('out.txt')).toBe('two\n');
  expect(rawCoverage(lab.events(run))).toEqual([]);
});

test('a worker that dies without a supervisor ends its run honestly', async () => {
  const run = await openWriter();
  const supervisor = lab.supervisor(run);
  const [worker] = lab.processes(run.record.run_id);
  process.kill(supervisor.pid, 'SIGKILL');
  for (const { pid } of lab.processes(run.record.run_id)) process.kill(pid, 'SIGKILL');
  expect(worker).toBeDefined();
  const { record } = await lab.ended(run);
  expect(record.outcome).toMatchObject({
    state: 'failed',
    failure: { class: 'crashed' },
    usage: { complete: false },
  });
  expect(record.outcome?.usage.tokens.input).toBeGreaterThanOrEqual(100);
});

test('a worker that never took up its task is started again', async () => {
  lab = await Lab.open([{ name: 'once', steps: [{ text: 'Answer.' }] }]);
  const run = await lab.launch({ task: 'Say something.' });
  const supervisor = await lab.until(async () => {
    try {
      return lab.supervisor(run);
    } catch {
      return undefined;
    }
  }, 'a supervisor');
  await lab.event(run, 'cc.worker.started');
  process.kill(supervisor.pid, 'SIGKILL');
  const { record } = await lab.ended(run);
  expect(record.outcome?.state).toBe('succeeded');
  const events = lab.events(run);
  expect(rawCoverage(events)).toEqual([]);
  expect(events.filter((event) => event.type === 'cc.worker.started').length).toBeLessThanOrEqual(
    2,
  );
  expect(Object.values(lab.model.callsPerConversation())).toEqual([1]);
});

test('when nobody comes by, the frozen worker ends within its wall budget', async () => {
  lab = await Lab.open([]);
  lab.model.addScript(writer(lab.path('out.txt')));
  lab.model.release('last');
  const run = await lab.launch({
    task: 'Write.',
    allowWrite: true,
    scope: { paths: ['**'] },
    budget: { wall_seconds: 20 },
  });
  await lab.model.waitForHold('second');
  process.kill(lab.supervisor(run).pid, 'SIGKILL');
  lab.model.release('second');
  await lab.until(
    async () => (lab.processes(run.record.run_id).length === 0 ? true : undefined),
    'the abandoned worker to end',
  );
  expect(lab.read('out.txt')).toBe('one\n');
  const { record } = await lab.ended(run);
  expect(record.outcome?.state).not.toBe('succeeded');
});

test('recovery from several places at once ends a run once', async () => {
  const run = await openWriter();
  process.kill(lab.supervisor(run).pid, 'SIGKILL');
  lab.model.release('second');
  lab.model.release('last');
  await Promise.all(Array.from({ length: 4 }, () => lab.ended(run)));
  const events = lab.events(run);
  expect(events.filter((event) => event.type === 'cc.run.ended')).toHaveLength(1);
  expect(rawCoverage(events)).toEqual([]);
});

test.each([
  ['a damaged index', () => writeFileSync(lab.path('.git/index'), 'garbage')],
  ['no git at all', () => Object.assign(lab.env, { PATH: join(lab.dir, 'bin') })],
])('a supervisor that cannot begin ends the run with the reason: %s', async (_name, damage) => {
  lab = await Lab.open([{ name: 's', steps: [{ text: 'never' }] }]);
  mkdirSync(join(lab.dir, 'bin'));
  for (const tool of ['sh', 'mkfifo', 'sleep', 'env']) {
    symlinkSync(`/usr/bin/${tool}`, join(lab.dir, 'bin', tool));
  }
  damage();
  const run = await lab.ended(
    await lab.launch({ task: 'x', allowWrite: true, scope: { paths: ['**'] } }),
  );
  expect(run.record.outcome).toMatchObject({
    state: 'failed',
    failure: { class: 'launch_environment', evidence: [expect.stringMatching(/git/i)] },
  });
  expect(lab.events(run).filter(({ type }) => type === 'cc.run.ended')).toHaveLength(1);
});

test('a workspace that is removed under a run ends its worker', async () => {
  const run = await openWriter();
  rmSync(lab.path('.agent-workspace'), { recursive: true, force: true });
  await lab.until(
    async () => (lab.processes(run.record.run_id).length === 0 ? true : undefined),
    'the worker to end',
  );
});

test('lost private files end the run and its worker', async () => {
  const run = await openWriter();
  process.kill(lab.supervisor(run).pid, 'SIGKILL');
  rmSync(join(lab.host().home.runs, run.record.run_id), { recursive: true, force: true });
  const { record } = await lab.ended(run);
  expect(record.outcome?.state).toBe('failed');
});
