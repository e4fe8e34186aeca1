import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findTool, TOOLS } from '../../src/tools/registry.ts';
import { codeOf, connect, dataOf, errorOf, type Machine, machine, textOf } from './face.ts';
import { storeActiveRun, storeFinishedRun } from './runs.ts';

const MISSING = 'run_20261121t110900123z_k3v7qa2m';

type Example = { works: (place: Machine) => Promise<object>; fails: object; code: string };

/** One call that works and one that fails, of every tool; none needs a worker. */
const EXAMPLES: Record<string, Example> = {
  cc_answer_question: {
    // Nobody serves its inbox, so the answer waits there.
    works: async (place) => ({ question: `${(await storeActiveRun(place)).id}.1`, allow: false }),
    fails: { question: 'the first one', allow: true },
    code: 'BAD_INPUT',
  },
  cc_folder_policy: {
    works: async () => ({ apply: true }),
    fails: { cwd: '/no/such' },
    code: 'NOT_A_DIRECTORY',
  },
  cc_git_diff: {
    works: async ({ project, env }) => {
      execFileSync('git', ['init', '-q'], { cwd: project, env });
      writeFileSync(join(project, 'new.txt'), 'new\n');
      return {};
    },
    fails: {},
    code: 'NOT_A_GIT_REPOSITORY',
  },
  cc_healthcheck: { works: async () => ({}), fails: { cwd: 7 }, code: 'BAD_INPUT' },
  cc_init_workspace: {
    works: async () => ({}),
    fails: { cwd: '/no/such' },
    code: 'NOT_A_DIRECTORY',
  },
  cc_last_run: {
    works: async (place) => {
      await storeFinishedRun(place);
      return {};
    },
    fails: {},
    code: 'RUN_NOT_FOUND',
  },
  cc_list_profiles: {
    works: async () => ({ all: true }),
    fails: { all: 'yes' },
    code: 'BAD_INPUT',
  },
  cc_list_questions: {
    works: async (place) => {
      await storeActiveRun(place);
      return {};
    },
    fails: { run_id: MISSING },
    code: 'RUN_NOT_FOUND',
  },
  cc_open_run_folder: {
    works: async (place) => ({ run_id: (await storeFinishedRun(place)).id, open_folder: true }),
    fails: { run_id: MISSING },
    code: 'RUN_NOT_FOUND',
  },
  cc_pick_profile: {
    works: async () => ({ role: 'testing' }),
    fails: { profile: 'nothing' },
    code: 'PROFILE_NOT_FOUND',
  },
  cc_poll_run: {
    works: async (place) => ({ run_id: (await storeFinishedRun(place)).id }),
    fails: { run_id: MISSING },
    code: 'RUN_NOT_FOUND',
  },
  cc_run_agent: {
    works: async () => ({ task: 'Look.', dry_run: true }),
    fails: { task: 'Look.', scope: { paths: ['**'] } },
    code: 'BAD_INPUT',
  },
  cc_run_status: {
    works: async (place) => {
      await storeFinishedRun(place);
      await storeActiveRun(place);
      return { include_finished: true };
    },
    fails: { run_id: MISSING },
    code: 'RUN_NOT_FOUND',
  },
  cc_run_streaming_agent: {
    works: async () => ({
      task: 'Change it.',
      allow_write: true,
      scope: { paths: ['src/**'], commands: ['npm test'] },
      budget: { wall_seconds: 60 },
      dry_run: true,
    }),
    fails: { task: ' ' },
    code: 'BAD_INPUT',
  },
  cc_send_instruction: {
    works: async (place) => ({
      run_id: (await storeActiveRun(place)).id,
      instruction: 'Look closer.',
    }),
    fails: { run_id: MISSING, instruction: 'Look closer.' },
    code: 'RUN_NOT_FOUND',
  },
  cc_stop_run: {
    works: async (place) => ({ run_id: (await storeFinishedRun(place)).id }),
    fails: { run_id: MISSING },
    code: 'RUN_NOT_FOUND',
  },
  cc_test_profile: {
    works: async () => ({
      profile: 'env:test',
      level: 'full',
      budget: { max_tokens: 50_000 },
      dry_run: true,
    }),
    fails: { profile: 'nothing' },
    code: 'PROFILE_NOT_FOUND',
  },
  cc_wait_runs: {
    works: async (place) => ({ run_ids: [(await storeFinishedRun(place)).id] }),
    fails: {},
    code: 'NOT_FOUND',
  },
  cc_workspace_status: {
    works: async () => ({}),
    fails: { cwd: '/no/such' },
    code: 'NOT_A_DIRECTORY',
  },
};

/** Proves the installation with a real worker; the end-to-end tests call it. */
const NEEDS_A_WORKER = ['cc_mock_stream_test'];

test('every tool has an example', () => {
  const names = [...Object.keys(EXAMPLES), ...NEEDS_A_WORKER].sort();
  expect(names).toEqual(TOOLS.map((tool) => tool.name));
});

test.each(Object.entries(EXAMPLES))('%s works', async (name, { works }) => {
  const place = machine();
  const { call } = await connect({ host: place.host });
  const result = await call(name, await works(place));
  expect(codeOf(result), textOf(result)).toBe('ok');
  const tool = findTool(TOOLS, name);
  const value = tool.format === 'text' ? { text: textOf(result) } : dataOf(result);
  expect(tool.output.strict().safeParse(value).error).toBeUndefined();
});

test.each(Object.entries(EXAMPLES))('%s fails with a word of advice', async (name, example) => {
  const { call } = await connect();
  const result = await call(name, example.fails);
  const { code, hint, message } = errorOf(result);
  expect(code, message).toBe(example.code);
  expect(hint).toBeTruthy();
});

test('init_workspace sets up once and tells what it made', async () => {
  const place = machine();
  const { call } = await connect({ host: place.host });
  const first = dataOf(await call('cc_init_workspace', {}));
  const second = dataOf(await call('cc_init_workspace', {}));
  expect(first.created).toContain('.agent-workspace/.gitignore');
  expect(second).toEqual({ ...first, created: [] });
});

test('workspace_status finds what init_workspace made', async () => {
  const place = machine();
  const { call } = await connect({ host: place.host });
  expect(dataOf(await call('cc_workspace_status', {}))).toMatchObject({
    initialised: false,
    runs: 0,
  });
  await storeFinishedRun(place);
  await storeActiveRun(place);
  expect(dataOf(await call('cc_workspace_status', {}))).toMatchObject({
    initialised: true,
    project: place.project,
    cwd_from: 'claude_project_dir',
    runs: 2,
    active_runs: 1,
    user_home: place.host.home.root,
  });
});

test('folder_policy shows without writing and writes when asked', async () => {
  const { call } = await connect({ host: machine().host });
  const shown = dataOf(await call('cc_folder_policy', {}));
  expect(shown.applied).toBe(false);
  expect(existsSync(String(shown.path))).toBe(false);
  const applied = dataOf(await call('cc_folder_policy', { apply: true }));
  expect(existsSync(String(applied.path))).toBe(true);
});

test('healthcheck names what is wrong and what to do', async () => {
  const place = machine();
  const env = { ...place.env, CC_CLAUDE_PATH: '/no/claude', CC_PROFILE_TEST_AUTH_TOKEN: '' };
  const { call } = await connect({ host: { ...place.host, env } });
  const { ok, checks } = dataOf(await call('cc_healthcheck', {})) as {
    ok: boolean;
    checks: { name: string; status: string; fix?: string }[];
  };
  expect(ok).toBe(false);
  const failed = checks.filter((check) => check.status === 'fail');
  expect(failed.map((check) => check.name)).toEqual(
    expect.arrayContaining(['claude', 'profiles', 'supervisor']),
  );
  for (const check of failed.filter(({ name }) => name !== 'supervisor'))
    expect(check.fix).toBeTruthy();
});

test('a plan starts nothing and stores nothing', async () => {
  const place = machine();
  const { call } = await connect({ host: place.host });
  const plan = dataOf(
    await call('cc_run_agent', { task: 'Look.', context: 'A fact.', dry_run: true }),
  );
  expect(plan).toMatchObject({
    dry_run: true,
    cwd: place.project,
    role: 'review',
    profile: 'env:test',
    model: 'test-model-1',
    scope: null,
    budget: { wall_seconds: 900, idle_seconds: 600, max_turns: 100 },
  });
  expect(plan).not.toHaveProperty('run_id');
  expect(existsSync(join(place.project, '.agent-workspace'))).toBe(false);
});

test('the last run is that of the calling thread, else that of the project', async () => {
  const place = machine();
  const mine = await storeFinishedRun(place, { thread_id: 'thread-1' }, 'Mine.');
  const newest = await storeFinishedRun(place, {}, 'Newest.');
  const { call } = await connect({ host: place.host });
  const ask = async (meta?: Record<string, unknown>, args: object = {}) =>
    dataOf(await call('cc_last_run', args, meta));
  expect(await ask({ threadId: 'thread-1' })).toMatchObject({
    last_of: 'thread',
    run_id: mine.id,
    answer: 'Mine.',
  });
  expect(await ask({ 'x-codex-turn-metadata': { thread_id: 'thread-1' } })).toMatchObject({
    last_of: 'thread',
  });
  expect(await ask({ threadId: 'thread-2' })).toMatchObject({
    last_of: 'workspace',
    run_id: newest.id,
  });
  const bare = await ask(undefined, { run_id: mine.id, include_output: false });
  expect(bare).toMatchObject({ last_of: 'run_id', run_id: mine.id });
  expect(bare).not.toHaveProperty('answer');
});

test.each([
  ['Chinese', '完'.repeat(30_000)],
  ['quotes and newlines', '"\n'.repeat(30_000)],
  ['control characters escaped in JSON', '\u0001'.repeat(30_000)],
  ['emoji', '😀'.repeat(30_000)],
])('a long answer is shown in part: %s', async (_what, answer) => {
  const place = machine();
  const run = await storeFinishedRun(place, {}, answer);
  const { call } = await connect({ host: place.host });
  const result = dataOf(await call('cc_last_run', {}));
  expect(result).not.toHaveProperty('truncated');
  const [shown = '', note = ''] = String(result.answer).split(/…\n(?=\[\d)/);
  expect(shown.length).toBeGreaterThan(700);
  expect(answer.startsWith(shown)).toBe(true);
  expect(note).toBe(`[${answer.length} characters in all: ${run.paths.stdout}]`);
});

test('a run is found from anywhere, and by cwd where the user home does not know it', async () => {
  const place = machine();
  const { id } = await storeFinishedRun(place);
  const elsewhere = machine();
  const near = await connect({ host: { ...place.host, env: elsewhere.env } });
  expect(codeOf(await near.call('cc_poll_run', { run_id: id }))).toBe('ok');
  const stranger = await connect({ host: elsewhere.host });
  const calls: [string, object][] = [
    ['cc_poll_run', { run_id: id }],
    ['cc_run_status', { run_id: id }],
    ['cc_last_run', { run_id: id }],
    ['cc_open_run_folder', { run_id: id }],
    ['cc_git_diff', { run_id: id }],
    ['cc_stop_run', { run_id: id }],
    ['cc_wait_runs', { run_ids: [id] }],
  ];
  for (const [name, args] of calls) {
    expect(codeOf(await stranger.call(name, args)), name).toBe('RUN_NOT_FOUND');
    const found = await stranger.call(name, { ...args, cwd: place.project });
    expect(codeOf(found), `${name} with cwd`).toBe('ok');
  }
});

test('open_run_folder lists the files by name', async () => {
  const place = machine();
  const { id } = await storeFinishedRun(place);
  const { call } = await connect({ host: place.host });
  const { files, opened, not_opened_because } = dataOf(
    await call('cc_open_run_folder', { run_id: id, open_folder: true }),
  ) as { files: { name: string }[]; opened: boolean; not_opened_because: string };
  const names = files.map((file) => file.name);
  expect(names).toEqual([
    'events.ndjson',
    'metadata.json',
    'progress_summary.json',
    'prompt.md',
    'stdout.txt',
  ]);
  expect({ opened, not_opened_because }).toMatchObject({
    opened: false,
    not_opened_because: expect.stringContaining('DISPLAY'),
  });
});

test('poll_run tells only what is new', async () => {
  const place = machine();
  const { id } = await storeActiveRun(place);
  const { call } = await connect({ host: place.host });
  const first = dataOf(await call('cc_poll_run', { run_id: id }));
  expect(first).toMatchObject({ state: 'running', news: ['Read a.txt'] });
  const second = dataOf(await call('cc_poll_run', { run_id: id, cursor: first.cursor }));
  expect(Object.keys(second).sort()).toEqual(['cursor', 'elapsed_s', 'run_id', 'state']);
});

test('a read-only server stops nothing', async () => {
  const place = machine({ readOnly: true });
  const { id } = await storeActiveRun(place);
  const { call } = await connect({ host: place.host });
  const error = errorOf(await call('cc_stop_run', { run_id: id }));
  expect(error).toMatchObject({ code: 'NOT_ALLOWED', hint: expect.stringContaining(id) });
});
