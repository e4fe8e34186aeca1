import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROLES } from '../../src/core/vocabulary.ts';
import { writeReceipt } from '../../src/ledger/receipt.ts';
import { takeBase } from '../../src/runs/changes/snapshots.ts';
import { makeWorktree } from '../../src/runs/worktrees/make.ts';
import { TOOLS } from '../../src/tools/registry.ts';
import { findTool } from '../../src/tools/surface.ts';
import { operate } from '../../src/undo/operate.ts';
import { type Direction, reverse } from '../../src/undo/undo.ts';
import { privateRunPaths, rememberWorkspace } from '../../src/workspace/home.ts';
import { workspaceAt } from '../../src/workspace/layout.ts';
import { Machine as InstalledMachine } from '../setup/machine.ts';
import { buildSupervisors } from '../support/flow-lab.ts';
import { endedRecord, project, storeRecord, usageOf } from '../support/history.ts';
import { codeOf, connect, dataOf, errorOf, type Machine, machine, textOf } from './face.ts';
import { storeActiveRun, storeFinishedRun } from './runs.ts';
import { storeWorkflow } from './started.ts';

const supervisors = await buildSupervisors();
const MISSING = 'run_20261121t110900123z_k3v7qa2m';

/** An operation on the project that is there to be taken back, or done again. */
function undoable(direction: Direction) {
  return async (place: Machine) => {
    await storeFinishedRun(place);
    const workspace = workspaceAt(place.project);
    const target = { kind: 'link' as const, perm: 0o777, link: 'there' };
    const change = {
      root: place.project,
      outside: [],
      object_format: 'sha1' as const,
      steps: [{ path: 'link', before: null, target }],
      folders: [],
      purge: [],
    };
    const asked = { kind: 'rollback' as const, run_id: MISSING, of: undefined, request: '' };
    const actor = { by: 'cli' as const };
    const done = await operate(place.host, workspace, { ...asked, actor }, async () => ({
      change,
      fill: async () => undefined,
    }));
    if (direction === 'redo') await reverse(place.host, workspace, 'undo', done, actor);
    return { op_id: done.plan.op_id, apply: true };
  };
}

type Example = { works: (place: Machine) => Promise<object>; fails: object; code: string };

/** One call that works and one that fails, of every tool; none needs a worker. */
const EXAMPLES: Record<string, Example> = {
  cc_answer_question: {
    // Nobody serves its inbox, so the answer waits there.
    works: async (place) => ({ question: `${(await storeActiveRun(place)).id}.1`, allow: false }),
    fails: { question: 'the first one', allow: true },
    code: 'BAD_INPUT',
  },
  cc_archive_runs: {
    works: async (place) => ({ run_ids: [(await storeFinishedRun(place)).id], apply: true }),
    fails: { restore: MISSING },
    code: 'NOT_FOUND',
  },
  cc_clean_workspace: {
    works: async (place) => {
      await storeFinishedRun(place);
      return { older_than_days: 0, dry_run: false };
    },
    fails: { older_than_days: -1 },
    code: 'BAD_INPUT',
  },
  cc_cost_guard: {
    works: async () => ({ subject: 'profile:env:test', max_usd_per_day: 5, apply: true }),
    fails: { subject: 'profile:nobody', max_concurrent: 2 },
    code: 'PROFILE_NOT_FOUND',
  },
  cc_compact_events: {
    works: async (place) => ({ run_id: (await storeFinishedRun(place)).id, max_bytes: 2000 }),
    fails: { run_id: MISSING },
    code: 'RUN_NOT_FOUND',
  },
  cc_calibrate_policy: { works: async () => ({}), fails: { apply: 'yes' }, code: 'BAD_INPUT' },
  cc_benchmark_model: {
    works: async () => ({ task: 'code-fix-ranges', budget: { max_tokens: 50_000 } }),
    fails: { task: 'no-such-task' },
    code: 'NOT_FOUND',
  },
  cc_benchmark_suite: {
    works: async () => ({ suite: 'review', profiles: ['env:test'], repeat: 2 }),
    fails: { benchmark: 'bench_20261121t110900123z_k3v7qa2m' },
    code: 'NOT_FOUND',
  },
  cc_decide: {
    works: async (place) => ({ run_id: (await storeFinishedRun(place)).id, pending: 2 }),
    fails: { run_id: 'the last one' },
    code: 'BAD_INPUT',
  },
  cc_decision_review: {
    works: async (place) => ({
      run_id: (await storeFinishedRun(place)).id,
      proposed_action: 'Merge it.',
      note: 'It looks fine.',
    }),
    fails: { run_id: MISSING },
    code: 'RUN_NOT_FOUND',
  },
  cc_folder_policy: {
    works: async () => ({ apply: true }),
    fails: { cwd: '/no/such' },
    code: 'NOT_A_DIRECTORY',
  },
  cc_check_write_scope: {
    works: async (place) => ({ run_id: (await storeFinishedRun(place)).id }),
    fails: { run_id: MISSING },
    code: 'RUN_NOT_FOUND',
  },
  cc_diff_summary: {
    works: async (place) => ({ run_id: (await storeFinishedRun(place)).id }),
    fails: { run_id: MISSING },
    code: 'RUN_NOT_FOUND',
  },
  cc_gate_check: {
    works: async (place) => ({
      run_id: (await storeFinishedRun(place)).id,
      reviews: [(await storeFinishedRun(place)).id],
      ci: `${'a'.repeat(40)}:success`,
      limits: { max_lines: 100 },
      waive: { checks: ['size'], reason: 'Agreed.' },
    }),
    fails: { run_id: MISSING },
    code: 'RUN_NOT_FOUND',
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
  cc_handoff_read: {
    works: async (place) => ({ workflow_id: await storeWorkflow(place, supervisors), node: 'a' }),
    fails: {},
    code: 'BAD_INPUT',
  },
  cc_handoff_repair_prompt: {
    works: async () => ({ handoff: { status: 'pass' }, role: 'review' }),
    fails: { handoff: {} },
    code: 'BAD_INPUT',
  },
  cc_handoff_template: {
    works: async () => ({ role: 'review' }),
    fails: { role: 'nobody' },
    code: 'BAD_INPUT',
  },
  cc_handoff_validate: {
    works: async () => ({ handoff: { status: 'pass', summary: 'Done.' }, role: 'multimodal' }),
    fails: { run_id: MISSING },
    code: 'RUN_NOT_FOUND',
  },
  cc_apply_run: {
    works: async (place) => {
      const { record } = await storeFinishedRun(place);
      const there = { workspace: workspaceAt(place.project), cwd: place.project };
      const copy = await makeWorktree(place.host, there);
      const run = await storeFinishedRun(place, { ...copy, title: record.title });
      return { run_id: run.id, as: 'discard', apply: true };
    },
    fails: { run_id: MISSING, as: 'magic' },
    code: 'BAD_INPUT',
  },
  cc_redo: { works: undoable('redo'), fails: { op_id: 'the last' }, code: 'BAD_INPUT' },
  cc_rollback_run: {
    works: async (place) => {
      const { record } = await storeFinishedRun(place);
      const base = await takeBase(place.host, record);
      return { run_id: (await storeFinishedRun(place, { base })).id };
    },
    fails: { run_id: MISSING },
    code: 'RUN_NOT_FOUND',
  },
  cc_undo: { works: undoable('undo'), fails: { op_id: 'the last' }, code: 'BAD_INPUT' },
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
  cc_ledger_query: {
    works: async (place) => {
      const { paths, record } = await storeFinishedRun(place);
      const workspace = workspaceAt(place.project);
      await writeReceipt(place.host, { workspace, paths, record }, { kind: 'end', facts: {} });
      return { subject: record.run_id, since: '2025-01-01', limit: 5, full: true };
    },
    fails: { kind: 'gossip' },
    code: 'BAD_INPUT',
  },
  cc_ledger_verify: {
    works: async (place) => ({ run_id: (await storeFinishedRun(place)).id }),
    fails: { run_id: 'the last one' },
    code: 'BAD_INPUT',
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
  cc_local_policy: {
    works: async () => ({ role: 'review', profile: 'env:test', apply: true }),
    fails: { profile: 'env:test' },
    code: 'BAD_INPUT',
  },
  cc_migrate_data: {
    works: async () => ({ apply: true }),
    fails: { from: '/no/such' },
    code: 'NOT_A_DIRECTORY',
  },
  cc_model_registry: {
    works: async () => ({ search: 'glm' }),
    fails: { refresh: true },
    code: 'BAD_INPUT',
  },
  cc_open_items: {
    works: async (place) => ({
      run_id: (await storeFinishedRun(place)).id,
      title: 'Handle empty input',
      severity: 'blocker',
    }),
    fails: { title: 'All tests pass' },
    code: 'BAD_INPUT',
  },
  cc_open_run_folder: {
    works: async (place) => ({ run_id: (await storeFinishedRun(place)).id, open_folder: true }),
    fails: { run_id: MISSING },
    code: 'RUN_NOT_FOUND',
  },
  cc_pick_profile: {
    works: async () => ({ role: 'testing', task: 'List it.', explain: true }),
    fails: { profile: 'nothing' },
    code: 'PROFILE_NOT_FOUND',
  },
  cc_poll_run: {
    works: async (place) => ({ run_id: (await storeFinishedRun(place)).id }),
    fails: { run_id: MISSING },
    code: 'RUN_NOT_FOUND',
  },
  cc_prompt_pack: {
    works: async () => ({ template: 'bugfix', task: 'It crashes.' }),
    fails: { template: 'bugfix' },
    code: 'BAD_INPUT',
  },
  cc_recover_runs: {
    works: async (place) => {
      await storeActiveRun(place);
      return {};
    },
    fails: { cwd: '/no/such' },
    code: 'NOT_A_DIRECTORY',
  },
  cc_preflight_write_scope: {
    works: async () => ({ scope: { paths: ['src/**', '!src/x.ts'], commands: ['npm test'] } }),
    fails: { scope: { paths: ['/etc/**'] } },
    code: 'BAD_INPUT',
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
  cc_score_models: {
    works: async () => ({ role: 'security', allow_write: true }),
    fails: { role: 'boss' },
    code: 'BAD_INPUT',
  },
  cc_secret_scan_run: {
    works: async (place) => ({ run_id: (await storeFinishedRun(place)).id }),
    fails: { run_id: MISSING },
    code: 'RUN_NOT_FOUND',
  },
  cc_score_worker: {
    works: async (place) => ({
      run_id: (await storeFinishedRun(place)).id,
      rating: 80,
      reason: 'Clear and complete.',
    }),
    fails: { run_id: MISSING, rating: 80 },
    code: 'RUN_NOT_FOUND',
  },
  cc_send_instruction: {
    works: async (place) => ({
      run_id: (await storeActiveRun(place)).id,
      instruction: 'Look closer.',
    }),
    fails: { run_id: MISSING, instruction: 'Look closer.' },
    code: 'RUN_NOT_FOUND',
  },
  cc_run_visible_agent: {
    works: async () => ({ task: 'Look.' }),
    fails: { task: ' ' },
    code: 'BAD_INPUT',
  },
  cc_shadow_run: {
    works: async (place) => {
      const { id } = await storeFinishedRun(place);
      const { dir, prompt } = privateRunPaths(place.host.home, id);
      mkdirSync(dir, { recursive: true });
      writeFileSync(prompt, JSON.stringify(['Look at it.']));
      return { run_id: id, profile: 'env:test', dry_run: true };
    },
    fails: { run_id: MISSING, profile: 'env:test' },
    code: 'RUN_NOT_FOUND',
  },
  cc_stop_run: {
    works: async (place) => ({ run_id: (await storeFinishedRun(place)).id }),
    fails: { run_id: MISSING },
    code: 'RUN_NOT_FOUND',
  },
  cc_summarize_run: {
    works: async (place) => ({ run_id: (await storeFinishedRun(place)).id }),
    fails: { run_id: MISSING },
    code: 'RUN_NOT_FOUND',
  },
  cc_usage_summary: {
    works: async (place) => {
      await storeFinishedRun(place);
      await storeActiveRun(place);
      return { since: '2025-01-01', all_projects: true };
    },
    fails: { since: 'yesterday' },
    code: 'BAD_INPUT',
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
  cc_verify_run: {
    works: async (place) => ({
      run_id: (await storeFinishedRun(place)).id,
      tests: ['node -e 0'],
      checks: ['file_exists:.'],
    }),
    fails: { run_id: MISSING, checks: ['no_such_check'] },
    code: 'BAD_INPUT',
  },
  cc_wait_runs: {
    works: async (place) => ({ run_ids: [(await storeFinishedRun(place)).id] }),
    fails: {},
    code: 'NOT_FOUND',
  },
  cc_workflow_approve: {
    works: async (place) => ({ workflow_id: await storeWorkflow(place, supervisors) }),
    fails: {},
    code: 'NOT_FOUND',
  },
  cc_workflow_dry_run: {
    works: async () => ({ text: 'nodes: { a: { role: review, task: Look. } }' }),
    fails: {},
    code: 'BAD_INPUT',
  },
  cc_workflow_plan: {
    works: async () => ({ task: 'Fix the crash', file: 'fix.yaml' }),
    fails: { task: 'Fix the crash', file: 'fix.sh' },
    code: 'BAD_INPUT',
  },
  cc_workflow_report: {
    works: async (place) => ({ workflow_id: await storeWorkflow(place, supervisors), full: true }),
    fails: {},
    code: 'NOT_FOUND',
  },
  cc_workflow_resume: {
    works: async (place) => {
      const workflow_id = await storeWorkflow(place, supervisors, { status: 'fail' });
      return { workflow_id, max_usd: 1 };
    },
    fails: { workflow_id: '../x' },
    code: 'BAD_INPUT',
  },
  cc_workflow_retry_node: {
    works: async (place) => ({ workflow_id: await storeWorkflow(place, supervisors), node: 'a' }),
    fails: { node: 'a' },
    code: 'NOT_FOUND',
  },
  cc_workflow_run: {
    works: async () => ({
      text: 'nodes: { a: { role: review, task: Look. } }',
      mock: true,
      wait_seconds: 0,
    }),
    fails: {},
    code: 'BAD_INPUT',
  },
  cc_workflow_status: {
    works: async (place) => ({ workflow_id: await storeWorkflow(place, supervisors) }),
    fails: {},
    code: 'NOT_FOUND',
  },
  cc_workflow_stop: {
    works: async (place) => ({ workflow_id: await storeWorkflow(place, supervisors) }),
    fails: {},
    code: 'NOT_FOUND',
  },
  cc_workflow_validate: {
    works: async ({ project }) => {
      writeFileSync(join(project, 'flow.yaml'), 'nodes: { a: { role: review, task: Look. } }');
      return { file: 'flow.yaml' };
    },
    fails: { file: 'no-such.yaml' },
    code: 'NOT_FOUND',
  },
  cc_write_claude_md: {
    works: async () => ({ apply: true, agents: true }),
    fails: { cwd: '/no/such' },
    code: 'NOT_A_DIRECTORY',
  },
  cc_repair_mcp_paths: {
    works: async (place) => {
      Object.assign(place.host, { cli: new InstalledMachine().host.cli });
      return { apply: true };
    },
    fails: { cwd: '/no/such' },
    code: 'NOT_A_DIRECTORY',
  },
  cc_upgrade_check: {
    works: async () => ({}),
    fails: { cwd: '/no/such' },
    code: 'NOT_A_DIRECTORY',
  },
  cc_workspace_status: {
    works: async () => ({}),
    fails: { cwd: '/no/such' },
    code: 'NOT_A_DIRECTORY',
  },
  cc_write_strategy_reports: {
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

test('healthcheck finds caps that nobody could keep', async () => {
  const place = machine();
  mkdirSync(place.host.home.root, { recursive: true });
  writeFileSync(place.host.home.costGuard, '{"schema_version":1,"caps":{"team":{}}}');
  const { call } = await connect({ host: place.host });
  const { checks } = dataOf(await call('cc_healthcheck', {})) as { checks: { name: string }[] };
  expect(checks.find(({ name }) => name === 'caps')).toMatchObject({
    status: 'fail',
    fix: expect.stringContaining(place.host.home.costGuard),
  });
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

test('usage_summary counts what ended, today or on the days asked for, and what goes on', async () => {
  const place = machine();
  const now = new Date();
  const lastWeek = new Date(now.getTime() - 7 * 86_400_000);
  await storeFinishedRun(place, { ended: now.toISOString() });
  await storeFinishedRun(place, { ended: lastWeek.toISOString() });
  await storeActiveRun(place);
  const { call } = await connect({ host: place.host });
  const ask = async (args: object) => dataOf(await call('cc_usage_summary', args));
  const today = await ask({});
  const day = now.toISOString().slice(0, 10);
  expect(today).toMatchObject({
    from: day,
    to: day,
    total: { runs: 1, model_calls: 2, elapsed_s: 10 },
    states: { succeeded: 1 },
    by_role: [{ name: 'review', runs: 1 }],
    by_declared_model: [{ name: 'test-model-1' }],
    active: { runs: 1 },
  });
  expect(today).not.toHaveProperty('by_day');
  // One that is only known because guidance was written there.
  await rememberWorkspace(place.host.home, join(place.dir, 'guided'), place.host.clock);
  expect(await ask({ all_projects: true })).toEqual(today);
  expect(await ask({ days: 8 })).toMatchObject({ total: { runs: 2 }, by_day: [{}, {}] });
  const since = lastWeek.toISOString().slice(0, 10);
  expect(await ask({ since })).toMatchObject({ from: since, to: day, total: { runs: 2 } });
  expect(await ask({ since, days: 1 })).toMatchObject({ to: since, total: { runs: 1 } });
  const elsewhere = join(place.dir, 'elsewhere');
  mkdirSync(elsewhere);
  expect(await ask({ cwd: elsewhere })).toMatchObject({ total: { runs: 0 } });
  expect(existsSync(join(elsewhere, '.agent-workspace'))).toBe(false);
  expect(errorOf(await call('cc_usage_summary', { since: '2999-01-01' })).code).toBe('BAD_INPUT');
});

test('usage_summary of a thousand runs takes at most 4 kB', async () => {
  const place = machine();
  const workspace = await project(place.host, place.project);
  for (let at = 0; at < 1000; at += 1) {
    const model = `vendor/a-model-with-a-long-name-${at % 60}`;
    const counts = { input: 100_000 + at, output: 5000, cache_read: 2_000_000, cache_write: 9 };
    const usage = usageOf({ [model]: at % 2 === 0 ? counts : { ...counts, usd: 0.25 } });
    const ended = new Date(Date.now() - (at % 30) * 86_400_000);
    const role = ROLES[at % ROLES.length] ?? 'review';
    storeRecord(workspace, endedRecord(workspace, ended, { role, model }, usage));
  }
  const { call } = await connect({ host: place.host });
  const result = await call('cc_usage_summary', { days: 40 });
  expect(Buffer.byteLength(textOf(result))).toBeLessThanOrEqual(4000);
  expect(dataOf(result)).toMatchObject({
    total: { runs: 1000, usd: 125, unknown_price: { runs: 500 } },
  });
  expect(dataOf(result)).not.toHaveProperty('truncated');
});

test('cost_guard shows, previews, sets and lifts caps', async () => {
  const place = machine();
  const { call } = await connect({ host: place.host });
  const ask = async (args: object = {}) => dataOf(await call('cc_cost_guard', args));
  const here = `project:${place.project}`;
  const nothing = { concurrent: 0, tokens_per_day: 0, usd_per_day: 0 };
  const { path, ...empty } = await ask();
  expect(empty).toEqual({
    applied: false,
    subjects: [
      { subject: 'user', caps: {}, used: nothing },
      { subject: here, caps: {}, used: nothing },
    ],
  });
  const wanted = { max_concurrent: 2, max_usd_per_day: 0.5 };
  const preview = await ask(wanted);
  expect(preview).toMatchObject({
    applied: false,
    change: { subject: 'user', before: {}, after: wanted },
    subjects: [{ caps: wanted, left: { concurrent: 2, usd_per_day: 0.5 } }, { subject: here }],
  });
  expect(existsSync(String(path))).toBe(false);
  expect(await ask({ ...wanted, apply: true })).toEqual({ ...preview, applied: true });
  await ask({ subject: 'project', max_wall_seconds: 60, allow_unknown_price: true, apply: true });
  expect(await ask({ max_concurrent: 0, max_tokens_per_run: 10, apply: true })).toMatchObject({
    change: {
      before: wanted,
      after: { max_usd_per_day: 0.5, max_tokens_per_run: 10 },
    },
  });
  expect((await ask({ subject: 'project', apply: true })).subjects).toMatchObject([
    { caps: { max_usd_per_day: 0.5, max_tokens_per_run: 10 } },
    { subject: here, caps: { max_wall_seconds: 60, allow_unknown_price: true } },
  ]);
  // A reader tells the same, where a client would refuse the tool that can change them.
  expect(findTool(TOOLS, 'cc_usage_summary').kind).toBe('read');
  const { subjects } = await ask();
  const { caps } = dataOf(await call('cc_usage_summary', { caps: true }));
  expect(caps).toEqual(subjects);
  expect(dataOf(await call('cc_usage_summary', {}))).not.toHaveProperty('caps');
  const lift = { subject: here, max_wall_seconds: 0, allow_unknown_price: false, apply: true };
  expect(await ask(lift)).toMatchObject({ change: { after: {} } });
});

test.each([
  [{ max_wall_seconds: 5 }, 'at least 10'],
  [{ subject: 'team', max_concurrent: 1 }, 'user, project'],
  [{ subject: 'project:/somewhere', max_concurrent: 1 }, 'user, project'],
  [{ subject: 'model:\u001b[31m', max_concurrent: 1 }, 'user, project'],
])('cost_guard refuses %j', async (args, hint) => {
  const { call } = await connect();
  expect(errorOf(await call('cc_cost_guard', args))).toMatchObject({
    code: 'BAD_INPUT',
    hint: expect.stringContaining(hint),
  });
});

test('clean_workspace previews by default and removes only when told', async () => {
  const place = machine();
  const old = await storeFinishedRun(place);
  const active = await storeActiveRun(place);
  const { call } = await connect({ host: place.host });
  const ask = async (args: object) => dataOf(await call('cc_clean_workspace', args));
  // The policy keeps the newest runs, however old they are.
  expect(await ask({})).toMatchObject({ dry_run: true, run_count: 0, kept: { runs: 1 } });
  const preview = await ask({ older_than_days: 0 });
  expect(preview).toMatchObject({ dry_run: true, run_count: 1, runs: [{ run_id: old.id }] });
  expect(existsSync(old.paths.metadata)).toBe(true);
  const done = await ask({ older_than_days: 0, dry_run: false });
  expect(done).toEqual({ ...preview, dry_run: false });
  expect(existsSync(old.paths.dir)).toBe(false);
  expect(existsSync(active.paths.metadata)).toBe(true);
  expect(dataOf(await call('cc_run_status', { include_finished: true })).runs).toHaveLength(1);
});

test('ledger_query shows what happened, newest first, then only what is new', async () => {
  const place = machine();
  const { paths, record } = await storeFinishedRun(place);
  const run = { workspace: workspaceAt(place.project), paths, record };
  const add = (kind: 'end' | 'verify' | 'gate', facts: object) =>
    writeReceipt(place.host, run, { kind, facts: { ...facts } });
  await add('end', { state: 'succeeded', tokens: { input: 1 } });
  await add('verify', { verdict: 'accept' });
  const { call } = await connect({ host: place.host });
  const ask = async (input: object) =>
    dataOf(await call('cc_ledger_query', input)) as {
      entries: { seq: number; kind: string; [fact: string]: unknown }[];
      cursor: string;
      more?: true;
    };
  const first = await ask({});
  expect(first.entries).toMatchObject([
    { seq: 2, kind: 'verify', verdict: 'accept', subject: record.run_id },
    { seq: 1, kind: 'end', state: 'succeeded' },
  ]);
  expect(Object.keys(first.entries[1] ?? {})).not.toContain('tokens');
  expect((await ask({ full: true })).entries[1]).toMatchObject({ facts: { tokens: { input: 1 } } });
  expect((await ask({ kind: 'end' })).entries.map(({ seq }) => seq)).toEqual([1]);
  expect(await ask({ limit: 1 })).toMatchObject({ entries: [{ seq: 2 }], more: true });
  expect((await ask({ before: 2 })).entries.map(({ seq }) => seq)).toEqual([1]);
  expect((await ask({ subject: MISSING })).entries).toEqual([]);
  expect((await ask({ since: '2126-01-01' })).entries).toEqual([]);
  expect((await ask({ cursor: first.cursor })).entries).toEqual([]);
  await add('gate', { decision: 'GO' });
  const news = await ask({ cursor: first.cursor });
  expect(news.entries).toMatchObject([{ seq: 3, decision: 'GO' }]);
  expect((await ask({ cursor: news.cursor })).entries).toEqual([]);
});

test('open_items are listed, added and closed with a reason', async () => {
  const place = machine();
  const { id } = await storeFinishedRun(place);
  const { call } = await connect({ host: place.host });
  const ask = async (input: object) =>
    dataOf(await call('cc_open_items', input)) as {
      items: { item: string; title: string; status: string }[];
      open: Record<string, number>;
    };
  const add = (title: string, severity: string) => ask({ title, severity });
  await add('Check the limits', 'info');
  const [blocker] = (await add('Loses data on a full disk', 'blocker')).items;
  await ask({ title: 'All tests pass', force: true, run_id: id });
  const all = await ask({});
  expect(all.items.map(({ title }) => title)).toEqual([
    'Loses data on a full disk',
    'All tests pass',
    'Check the limits',
  ]);
  expect(all.open).toEqual({ blocker: 1, warn: 1, info: 1 });
  expect((await ask({ run_id: id })).items).toHaveLength(1);
  const close = { item: blocker?.item };
  expect(codeOf(await call('cc_open_items', close))).toBe('BAD_INPUT');
  expect(codeOf(await call('cc_open_items', { ...close, item: 'item_1', reason: 'x' }))).toBe(
    'NOT_FOUND',
  );
  expect(await ask({ ...close, status: 'deferred', reason: 'next month' })).toMatchObject({
    items: [{ status: 'deferred', reason: 'next month' }],
    open: { blocker: 0 },
  });
  expect((await ask({ status: 'deferred' })).items).toHaveLength(1);
});

test('decide answers also where there is no run', async () => {
  const { call } = await connect();
  for (const input of [{}, { run_id: MISSING }]) {
    expect(dataOf(await call('cc_decide', input))).toMatchObject({ action: 'wait', rule: 'ghost' });
  }
});
