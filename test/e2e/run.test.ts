import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { redactJson } from '../../src/core/redact.ts';
import type { RecordedRequest, Script } from '../../src/loopback/index.ts';
import { pollRun } from '../../src/runs/poll.ts';
import { stopRun } from '../../src/runs/stop.ts';
import { lookAt, viewOf } from '../../src/runs/view.ts';
import { waitForRuns } from '../../src/runs/wait.ts';
import { Lab, rawCoverage, TOKEN } from '../support/lab.ts';
import { PATIENCE_MS } from '../support/patience.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const signal = new AbortController().signal;

async function endedRun(script: Partial<Script>, request: Parameters<Lab['launch']>[0]) {
  lab = await Lab.open([{ name: 's', steps: [], ...script }]);
  return lab.ended(await lab.launch(request));
}

function firstCall(): RecordedRequest {
  const [call] = lab.model.requestsFor('s');
  if (call === undefined) throw new Error('the model was never called');
  return call;
}

test('a read-only run answers, is billed by the profile, and records everything', async () => {
  const run = await endedRun(
    {
      steps: [
        {
          text: 'It is a scratch project.',
          usage: { input: 1000, output: 50, cacheRead: 0, cacheCreation: 0 },
        },
      ],
    },
    { task: 'What is this?\nTell me 中文.', context: 'The controller knows: 42.' },
  );
  expect(run.record.outcome).toMatchObject({
    state: 'succeeded',
    exit_code: 0,
    denials: 0,
    changed_files: null,
    usage: {
      tokens: { input: 1000, output: 50 },
      usd: 0.0015,
      usd_source: 'profile',
      complete: true,
    },
  });
  expect(readFileSync(run.paths.stdout, 'utf8')).toBe('It is a scratch project.');
  expect(rawCoverage(lab.events(run))).toEqual([]);
  const body = JSON.stringify(firstCall().body);
  expect(body).toContain(JSON.stringify('What is this?\nTell me 中文.').slice(1, -1));
  expect(body).toContain('The controller knows: 42.');
  expect(body).not.toContain('"name":"Bash"');
  expect(body).not.toContain('"name":"Write"');
});

test('the project guidance reaches the worker, and only when wanted', async () => {
  lab = await Lab.open([{ name: 's', steps: [{ text: 'ok' }] }]);
  lab.write('AGENTS.md', 'GUIDE-ROOT: use tabs.');
  lab.write('CLAUDE.md', 'GUIDE-CLAUDE: be brief.');
  await lab.ended(await lab.launch({ task: 'One' }));
  await lab.ended(await lab.launch({ task: 'Two', projectGuidance: false }));
  const [first, second] = lab.model.requestsFor('s').map((request) => JSON.stringify(request.body));
  expect(first).toContain('GUIDE-ROOT: use tabs.');
  expect(first).toContain('GUIDE-CLAUDE: be brief.');
  expect(second).not.toContain('GUIDE-');
});

test('a write run may do what its scope says and nothing else', async () => {
  lab = await Lab.open([]);
  const write = (file: string) => ({ name: 'Write', input: { file_path: file, content: 'x\n' } });
  const bash = (command: string) => ({ name: 'Bash', input: { command, description: 'd' } });
  lab.model.addScript({
    name: 's',
    steps: [
      { tools: [write(lab.path('src/in.txt')), write(lab.path('docs/out.txt'))] },
      { tools: [write(join(lab.dir, 'outside.txt')), write(lab.path('.git/hooks/post-commit'))] },
      { tools: [bash('echo allowed'), bash('echo allowed > leak.txt'), bash('rm -rf src')] },
      { text: 'Done.' },
    ],
  });
  const run = await lab.ended(
    await lab.launch({
      task: 'Write.',
      allowWrite: true,
      scope: { paths: ['src/**'], commands: ['echo allowed'] },
    }),
  );
  expect(lab.read('src/in.txt')).toBe('x\n');
  expect(lab.read('docs/out.txt')).toBeUndefined();
  expect(lab.read('leak.txt')).toBeUndefined();
  expect(existsSync(join(lab.dir, 'outside.txt'))).toBe(false);
  expect(existsSync(lab.path('.git/hooks/post-commit'))).toBe(false);
  expect(run.record.outcome).toMatchObject({ state: 'succeeded', denials: 5, changed_files: 1 });
  expect(readFileSync(run.paths.diff, 'utf8')).toContain('src/in.txt');
});

test('a write run whose writes were all refused does not pass for done', async () => {
  lab = await Lab.open([]);
  lab.model.addScript({
    name: 's',
    steps: [
      { tools: [{ name: 'Write', input: { file_path: lab.path('docs/a.md'), content: 'x' } }] },
      { text: 'I have updated the documentation.' },
    ],
  });
  const run = await lab.ended(
    await lab.launch({ task: 'Document.', allowWrite: true, scope: { paths: ['src/**'] } }),
  );
  expect(run.record.outcome).toMatchObject({
    state: 'failed',
    failure: { class: 'permission_denied' },
    changed_files: 0,
  });
});

test.each([
  ['401', { kind: 'http', status: 401 }, 'auth_failed'],
  ['403', { kind: 'http', status: 403 }, 'auth_failed'],
  ['404 model', { kind: 'http', status: 404 }, 'provider_capability'],
  ['400', { kind: 'http', status: 400 }, 'provider_capability'],
  ['529', { kind: 'http', status: 529 }, 'provider_overload'],
  ['500', { kind: 'http', status: 500 }, 'provider_overload'],
  ['429', { kind: 'http', status: 429 }, 'rate_limited'],
] as const)(
  'HTTP %s of the model service is named for what it is',
  async (_name, fault, expected) => {
    const run = await endedRun({ steps: [{ text: 'never', faults: [fault] }] }, { task: 'Try.' });
    expect(run.record.outcome).toMatchObject({ state: 'failed', failure: { class: expected } });
    expect(run.record.outcome?.failure.hint).toBeTruthy();
  },
);

test('a provider that cannot be reached is a network failure', async () => {
  lab = await Lab.open([]);
  lab.addProfile('dead', 'http://127.0.0.1:9');
  const run = await lab.ended(await lab.launch({ task: 'Try.', profile: 'env:dead' }));
  expect(run.record.outcome).toMatchObject({ state: 'failed', failure: { class: 'network' } });
});

test('a turn limit ends as stopped_limit and keeps the partial result', async () => {
  lab = await Lab.open([]);
  const read = { name: 'Read', input: { file_path: lab.path('README.md') } };
  lab.model.addScript({ name: 's', steps: [], after: { text: 'Reading on.', tools: [read] } });
  const run = await lab.ended(await lab.launch({ task: 'Read.', budget: { max_turns: 3 } }));
  expect(run.record.outcome).toMatchObject({
    state: 'stopped_limit',
    failure: { class: 'stopped_limit' },
    usage: { complete: true },
  });
  expect(readFileSync(run.paths.stdout, 'utf8')).toContain('Reading on.');
});

test('the wall and the idle budget end a run that hangs', async () => {
  lab = await Lab.open([
    { name: 'wall', match: 'WALL', steps: [{ text: 'x', hold: { at: 'mid_message' } }] },
    { name: 'idle', match: 'IDLE', steps: [{ text: 'x', hold: { at: 'before_headers' } }] },
  ]);
  const [wall, idle] = await Promise.all([
    lab.launch({ task: 'WALL', budget: { wall_seconds: 10 } }).then((run) => lab.ended(run)),
    lab.launch({ task: 'IDLE', budget: { idle_seconds: 10 } }).then((run) => lab.ended(run)),
  ]);
  expect(wall.record.outcome).toMatchObject({ state: 'timed_out', failure: { class: 'timeout' } });
  expect(idle.record.outcome).toMatchObject({
    state: 'timed_out',
    failure: { class: 'no_output' },
  });
  expect(wall.record.elapsed_ms).toBeLessThan(40_000);
});

test('stop ends a run in the middle of a tool, with its whole tree', async () => {
  lab = await Lab.open([]);
  lab.model.addScript({
    name: 's',
    steps: [
      {
        tools: [
          {
            name: 'Bash',
            input: { command: 'node sleeper.js', description: 'sleep' },
          },
        ],
      },
      { text: 'never' },
    ],
  });
  lab.write(
    'sleeper.js',
    "process.on('SIGTERM', () => {}); require('node:child_process').spawn('sleep', ['300'], { detached: true, stdio: 'ignore' }).unref(); setInterval(() => {}, 1000);",
  );
  const run = await lab.launch({
    task: 'Sleep.',
    allowWrite: true,
    scope: { paths: [], commands: ['node sleeper.js'] },
  });
  await lab.event(run, 'cc.hook.answered');
  await lab.until(
    async () => (lab.processes(run.record.run_id).length > 4 ? true : undefined),
    'the sleeper',
  );
  const result = await stopRun(lab.host(), run, {
    force: false,
    timeoutMs: PATIENCE_MS,
    from: 'test',
    signal,
  });
  expect(result).toMatchObject({ state: 'cancelled', stopped: true, already_ended: false });
  expect(lab.processes(run.record.run_id)).toEqual([]);
  const again = await stopRun(lab.host(), await lab.find(run.record.run_id), {
    force: true,
    timeoutMs: 1000,
    from: 'test',
    signal,
  });
  expect(again).toMatchObject({ already_ended: true });
});

test('stop works when the supervisor is dead and when it hangs', async () => {
  for (const name of ['SIGKILL', 'SIGSTOP'] as const) {
    lab = await Lab.open([{ name: 's', steps: [{ text: 'x', hold: { at: 'mid_message' } }] }]);
    const run = await lab.launch({ task: 'Hang.' });
    await lab.model.waitForHold('s/0');
    await lab.event(run, 'cc.worker.ready');
    process.kill(lab.supervisor(run).pid, name);
    const result = await stopRun(lab.host(), run, {
      force: false,
      timeoutMs: PATIENCE_MS,
      from: 'test',
      signal,
    });
    expect(result).toMatchObject({ state: 'cancelled', stopped: true });
    expect(lab.processes(run.record.run_id)).toEqual([]);
    if (name === 'SIGKILL') expect(await lab.close()).toEqual([]);
  }
});

test('another model than the declared one is told', async () => {
  const run = await endedRun(
    { steps: [{ text: 'hi', model: 'cheap-other-model' }] },
    { task: 'x' },
  );
  expect(run.record.outcome?.route_mismatch).toEqual({
    declared: 'lab-model-1',
    actual: ['cheap-other-model'],
  });
});

test('polling tells only what is new, and an idle poll is small', async () => {
  lab = await Lab.open([
    { name: 's', steps: [{ text: 'Thinking aloud.', hold: { at: 'before_headers', name: 'go' } }] },
  ]);
  const run = await lab.launch({ task: 'Think.' });
  await lab.model.waitForHold('go');
  await lab.event(run, 'cc.worker.ready');
  const first = await pollRun(lab.host(), undefined, run.record.run_id, undefined);
  const idle = await pollRun(lab.host(), undefined, run.record.run_id, first.cursor);
  expect(idle.news).toBeUndefined();
  expect(Buffer.byteLength(JSON.stringify(idle))).toBeLessThanOrEqual(1000);
  lab.model.release('go');
  await lab.ended(run);
  const last = await pollRun(lab.host(), undefined, run.record.run_id, idle.cursor);
  expect(last.news).toContain('says: Thinking aloud.');
  expect(last.state).toBe('succeeded');
});

test('a wait ends with the run and misses nothing between two calls', async () => {
  lab = await Lab.open([
    {
      name: 'a',
      match: 'TASK-A',
      steps: [{ text: 'a', hold: { at: 'before_headers', name: 'a' } }],
    },
    {
      name: 'b',
      match: 'TASK-B',
      steps: [{ text: 'b', hold: { at: 'before_headers', name: 'b' } }],
    },
  ]);
  const runs = [await lab.launch({ task: 'TASK-A' }), await lab.launch({ task: 'TASK-B' })];
  const wait = (cursor: string | undefined, timeoutMs: number) =>
    waitForRuns(lab.host(), { runs, until: 'any', cursor, timeoutMs, signal });
  await lab.model.waitForHold('a');
  const nothing = await wait(undefined, 300);
  expect(nothing).toMatchObject({ reason: 'still_running', changed: [] });
  const waiting = wait(nothing.cursor, PATIENCE_MS);
  lab.model.release('a');
  const first = await waiting;
  expect(first.changed.map((view) => view.state)).toEqual(['succeeded']);
  lab.model.release('b');
  const [, b] = runs;
  if (b !== undefined) await lab.ended(b);
  const second = await wait(first.cursor, PATIENCE_MS);
  expect(second).toMatchObject({ reason: 'all_ended', active: [] });
  expect(second.changed).toHaveLength(1);
  expect((await wait(second.cursor, 1000)).changed).toEqual([]);
});

test('the same idempotency key never starts twice', async () => {
  lab = await Lab.open([{ name: 's', steps: [{ text: 'once' }] }]);
  const [first, second] = await Promise.all([
    lab.launch({ task: 'x', idempotencyKey: 'job-1' }),
    lab.launch({ task: 'x', idempotencyKey: 'job-1' }),
  ]);
  expect(first.record.run_id).toBe(second.record.run_id);
  await lab.ended(first);
  expect(lab.model.requestsFor('s')).toHaveLength(1);
});

test('no secret stands in anything that is kept', async () => {
  lab = await Lab.open([]);
  lab.write('notes.txt', `the key is ${TOKEN} and also sk-ant-REDACTED`);
  lab.model.addScript({
    name: 's',
    steps: [
      {
        text: `I found ${TOKEN}.`,
        tools: [{ name: 'Read', input: { file_path: lab.path('notes.txt') } }],
      },
      { text: `It is ${TOKEN}!` },
    ],
  });
  const run = await lab.ended(await lab.launch({ task: 'Find the key.' }));
  for (const file of [run.paths.events, run.paths.stdout, run.paths.metadata, run.paths.summary]) {
    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain(TOKEN);
    expect(text).not.toContain('sk-ant-api03-aaaa');
  }
  expect(redactJson({ a: TOKEN })).toEqual({ a: TOKEN });
  expect(firstCall().token).toBe(TOKEN);
});

test('a worker in a sub-directory may read the rest of the repository and writes only below its own', async () => {
  lab = await Lab.open([]);
  lab.write('packages/a/index.js', 'a\n');
  lab.write('packages/b/index.js', 'SIBLING\n');
  lab.model.addScript({
    name: 's',
    steps: [
      { tools: [{ name: 'Read', input: { file_path: lab.path('packages/b/index.js') } }] },
      {
        tools: [
          { name: 'Write', input: { file_path: lab.path('packages/a/new.js'), content: 'n' } },
          { name: 'Write', input: { file_path: lab.path('packages/b/new.js'), content: 'n' } },
        ],
      },
      { text: 'Done.' },
    ],
  });
  const run = await lab.launch(
    { task: 'x', allowWrite: true, scope: { paths: ['**'] } },
    lab.host(),
    'packages/a',
  );
  await lab.ended(run);
  expect(JSON.stringify(lab.model.requestsFor('s')[1]?.body)).toContain('SIBLING');
  expect(lab.read('packages/a/new.js')).toBe('n');
  expect(lab.read('packages/b/new.js')).toBeUndefined();
});

test('what an allowed command changes outside the scope is told', async () => {
  lab = await Lab.open([]);
  const command = 'git log --output=README.md';
  lab.model.addScript({
    name: 's',
    steps: [
      { tools: [{ name: 'Bash', input: { command, description: 'log' } }] },
      { text: 'I only looked.' },
    ],
  });
  lab.writePolicy('sandbox: off\n');
  const run = await lab.ended(
    await lab.launch({
      task: 'Look.',
      allowWrite: true,
      scope: { paths: ['src/**'], commands: ['git log *'] },
    }),
  );
  expect(run.record.outcome?.outside_scope).toEqual(['README.md']);
  const status = viewOf(await lookAt(lab.host(), run));
  expect(status.attention?.join()).toContain('changed outside its scope: README.md');
});

test('the profile token is hidden also where the task itself names it', async () => {
  const run = await endedRun({ steps: [{ text: 'ok' }] }, { task: `Use ${TOKEN} now` });
  for (const file of [run.paths.metadata, run.paths.prompt, run.paths.events]) {
    expect(readFileSync(file, 'utf8')).not.toContain(TOKEN);
  }
  expect(JSON.stringify(firstCall().body)).toContain(TOKEN);
});

test('an idempotency key of another task is refused', async () => {
  lab = await Lab.open([{ name: 's', steps: [{ text: 'once' }] }]);
  await lab.ended(await lab.launch({ task: 'x', idempotencyKey: 'k' }));
  await expect(lab.launch({ task: 'y', idempotencyKey: 'k' })).rejects.toThrow(/another task/);
});
