import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../../src/governance/migrate/migrate.ts';
import { lastRunId } from '../../src/runs/last.ts';
import { readRecord } from '../../src/runs/record.ts';
import { tidyWorkspace } from '../../src/runs/retention/tidy.ts';
import { runIds } from '../../src/runs/run-ids.ts';
import { readUsage } from '../../src/runs/usage/read.ts';
import { managedDir, runPaths, type Workspace, workspaceAt } from '../../src/workspace/layout.ts';
import { connect, dataOf, type Machine, machine, textOf } from '../mcp/face.ts';
import { bundle } from '../support/bundle.ts';
import { killedAtEveryStep } from '../support/processes.ts';

const TOKEN = 'sk-ant-api03-Zk3vQ9xLw2Tn8RbYp5Hd7Jf4Gs6Mc1AaUeXiOoNqWtBvKy0PzDlSrFhCgEjImuV';
const RESULT = { type: 'result', subtype: 'success', is_error: false, result: 'All is well.' };
const STREAM = [{ type: 'system', subtype: 'init' }, RESULT];

const GROUND = await bundle(['governance/migrate/migrate', 'workspace/home', 'workspace/layout']);

let place: Machine;
let workspace: Workspace;
let count = 0;

beforeEach(() => {
  place = machine();
  workspace = workspaceAt(place.project);
});

type Files = { stream?: object[]; files?: Record<string, string>; base?: string };

/** A run as the predecessor left it. */
function old(
  change: object = {},
  { stream = STREAM, files = {}, base = workspace.base }: Files = {},
) {
  count += 1;
  const id = `20260501T1011${String(count % 60).padStart(2, '0')}Z-0a1b2c3d`;
  const dir = join(base, 'runs', id);
  mkdirSync(join(dir, 'checkpoints'), { recursive: true });
  const put = (name: string, text: string) => writeFileSync(join(dir, name), text);
  const metadata = {
    run_id: id,
    mode: 'streaming',
    status: 'succeeded',
    started_at: '2026-05-01T10:11:00Z',
    finished_at: '2026-05-01T10:31:00+00:00',
    cwd: place.project,
    role: 'review',
    profile: { id: 'p1', name: 'qwen', base_url: 'https://x.invalid', model: 'qwen3' },
    route: { profile: 'qwen', model: 'qwen3-plus' },
    allow_write: false,
    timeout_seconds: 900,
    prompt_sha256: 'a'.repeat(64),
    exit_code: 0,
    timed_out: false,
    actual_model: 'qwen3-plus',
    actual_input_tokens: 100,
    actual_output_tokens: 20,
    actual_total_tokens: 120,
    actual_cost_usd: 0.99,
    ...change,
  };
  put('metadata.json', JSON.stringify(metadata));
  put('prompt.txt', `You are a reviewer.\nTask: Look at ${TOKEN} here.\n`);
  put('stdout.txt', stream.map((line) => `${JSON.stringify(line)}\n`).join(''));
  put('stderr.txt', `warn: Authorization: Bearer ${TOKEN}\n`);
  put('events.ndjson', `${JSON.stringify({ seq: 1, type: 'stdout', payload: { text: TOKEN } })}\n`);
  put('checkpoints/checkpoint-001.md', '# Done\n');
  for (const [name, text] of Object.entries(files)) put(name, text);
  return { id, dir };
}

const run = (apply = true, from?: string) =>
  migrate(place.host, workspace, { from, apply }, () => false);

async function recordOf(id: string) {
  const { runs } = await run();
  const runId = runs.find(({ from }) => from.endsWith(id))?.run_id ?? '';
  return readRecord(runPaths(workspace, runId), runId);
}

/** Every file below with its bytes and time. */
function allOf(top: string): Record<string, string> {
  const names = readdirSync(top, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(
    names
      .filter((name) => statSync(join(top, name)).isFile() && !name.includes('lease/'))
      .map((name) => [name, readFileSync(join(top, name), 'utf8')]),
  );
}

describe('migrating', () => {
  it('shows what it would bring and writes nothing, brings it, and then finds nothing new', async () => {
    const { dir } = old();
    const before = allOf(place.project);
    const preview = await run(false);
    expect(preview).toMatchObject({ runs: [{ from: dir, state: 'succeeded' }], already: 0 });
    expect(allOf(place.project)).toEqual(before);
    expect(await run()).toEqual(preview);
    expect(allOf(place.project)).toMatchObject(before);
    expect(await runIds(workspace)).toEqual([preview.runs[0]?.run_id]);
    const after = allOf(place.project);
    expect(await run()).toMatchObject({ runs: [], already: 1 });
    expect(allOf(place.project)).toEqual(after);
    expect(readdirSync(managedDir(workspace, 'tmp'))).toEqual([]);
  });

  it('says where each run comes from, and leaves its secrets behind', async () => {
    const { id, dir } = old();
    const record = await recordOf(id);
    const paths = runPaths(workspace, record.run_id);
    expect(record.imported).toMatchObject({ from: dir, id });
    expect(JSON.parse(readFileSync(join(paths.dir, 'origin.json'), 'utf8'))).toMatchObject({
      schema_version: 1,
      from: dir,
      recorded: { status: 'succeeded', cost_usd: 0.99 },
      copied: expect.arrayContaining(['events.ndjson', 'checkpoints/checkpoint-001.md']),
    });
    expect(readFileSync(paths.stdout, 'utf8')).toBe('All is well.');
    expect(record.title).toMatch(/^Look at/);
    for (const text of Object.values(allOf(paths.dir))) expect(text).not.toContain(TOKEN);
    expect(readFileSync(join(dir, 'stderr.txt'), 'utf8')).toContain(TOKEN);
    for (const name of ['metadata.json', 'prompt.md', 'predecessor/events.ndjson']) {
      expect(statSync(join(paths.dir, name)).mode & 0o777).toBe(0o600);
    }
  });

  it('can be read by every reader, with unknown cost and a lower bound of tokens', async () => {
    old();
    const { runs } = await run();
    const runId = runs[0]?.run_id ?? '';
    const { call } = await connect({ host: place.host });
    const view = {
      run_id: runId,
      state: 'succeeded',
      usd: null,
      cost_complete: false,
      tokens: { input: 100, output: 20, cached: 0 },
      elapsed_s: 1200,
    };
    expect(dataOf(await call('cc_last_run', {}))).toMatchObject({
      ...view,
      answer: 'All is well.',
    });
    const list = dataOf(await call('cc_run_status', { include_finished: true }));
    expect(list).toMatchObject({ active: 0, runs: [{ run_id: runId, state: 'succeeded' }] });
    expect(dataOf(await call('cc_poll_run', { run_id: runId }))).toMatchObject(view);
    for (const tool of ['cc_summarize_run', 'cc_compact_events']) {
      expect((await call(tool, { run_id: runId })).isError, tool).toBeFalsy();
    }
    const usage = dataOf(await call('cc_usage_summary', { since: '2026-05-01', days: 1 }));
    expect(usage.total).toMatchObject({ runs: 1, usd: null });
    expect(JSON.stringify(usage)).not.toContain('0.99');
    expect(textOf(await call('cc_ledger_verify', {}))).not.toContain(runId);
  });

  it.each<[string, object, object[], string, string]>([
    ['an exit code alone is no success', {}, [], 'failed', 'unknown'],
    ['a result that is an error', {}, [{ ...RESULT, is_error: true }], 'failed', 'unknown'],
    ['an exit code that is not 0', { exit_code: 1 }, STREAM, 'failed', 'unknown'],
    ['no status, but a good result', { status: undefined }, STREAM, 'succeeded', 'success'],
    ['out of time', { status: 'timed_out', timed_out: true }, STREAM, 'timed_out', 'timeout'],
    ['stopped', { status: 'stopped' }, STREAM, 'cancelled', 'interrupted'],
    [
      'a budget',
      { stop_reason: 'output_budget_exceeded' },
      STREAM,
      'stopped_limit',
      'stopped_limit',
    ],
    [
      'running, and nobody there',
      { status: 'running', child_pid: 0 },
      [],
      'failed',
      'supervisor_lost',
    ],
  ])('%s', async (_, change, stream, state, failure) => {
    const { id } = old(change, { stream });
    const { state: now, outcome } = await recordOf(id);
    expect([now, outcome?.failure.class]).toEqual([state, failure]);
  });

  it('finds the result of a run that kept only the answer', async () => {
    const { id } = old(
      {},
      {
        stream: [],
        files: {
          'stdout.txt': 'The answer.\n',
          'events.ndjson': `${JSON.stringify({ type: 'claude_stream', payload: RESULT })}\n`,
        },
      },
    );
    const { state, run_id } = await recordOf(id);
    expect(state).toBe('succeeded');
    expect(readFileSync(runPaths(workspace, run_id).stdout, 'utf8')).toBe('All is well.');
  });

  it('reports bad records and brings the others', async () => {
    const reasons: Record<string, string> = {
      [old({}, { files: { 'metadata.json': '{"torn' } }).dir]: 'not valid JSON',
      [old({ run_id: '../../x' }).dir]: 'of another run',
      [old({ workflow_id: 'wf-1' }).dir]: 'mock',
      [old({ status: 'running', child_pid: process.pid }).dir]: 'may still be working',
    };
    const huge = old();
    truncateSync(join(huge.dir, 'metadata.json'), 1 << 30);
    reasons[huge.dir] = 'too large';
    const link = old();
    rmSync(join(link.dir, 'metadata.json'));
    symlinkSync('/etc/passwd', join(link.dir, 'metadata.json'));
    reasons[link.dir] = 'no plain file';
    const outside = join(workspace.base, 'runs', '20260501T101159Z-ffffffff');
    symlinkSync(huge.dir, outside);
    reasons[outside] = 'no directory';
    const odd = old({ role: 7, profile: null, route: [], finished_at: 'never', duration_ms: -5 });
    const { runs, skipped } = await run();
    expect(runs.map(({ from }) => from)).toEqual([odd.dir]);
    expect(skipped).toHaveLength(Object.keys(reasons).length);
    for (const { path, reason } of skipped) expect(reason).toContain(reasons[path]);
  });

  it('leaves out a file of the run that is a link or too large, and says so', async () => {
    const { id, dir } = old();
    symlinkSync('/etc/passwd', join(dir, 'linked.txt'));
    writeFileSync(join(dir, 'huge.diff'), '');
    truncateSync(join(dir, 'huge.diff'), 1 << 30);
    const { run_id } = await recordOf(id);
    const origin = readFileSync(join(runPaths(workspace, run_id).dir, 'origin.json'), 'utf8');
    expect(JSON.parse(origin).left).toEqual([
      { path: join(dir, 'huge.diff'), reason: expect.stringContaining('larger') },
      { path: join(dir, 'linked.txt'), reason: 'no plain file' },
    ]);
  });

  it('follows no link to runs, nor one inside of a run', async () => {
    const elsewhere = join(place.dir, 'elsewhere');
    old({}, { base: elsewhere });
    mkdirSync(join(place.project, 'scripts', 'cc-orchestrator'), { recursive: true });
    const link = join(place.project, 'scripts', 'cc-orchestrator', 'runs');
    symlinkSync(join(elsewhere, 'runs'), link);
    const { id, dir } = old();
    rmSync(join(dir, 'checkpoints'), { recursive: true });
    symlinkSync('/etc', join(dir, 'checkpoints'));
    expect((await run(false)).skipped).toMatchObject([{ path: link }]);
    const { run_id } = await recordOf(id);
    expect(await runIds(workspace)).toEqual([run_id]);
    const copied = join(runPaths(workspace, run_id).dir, 'predecessor');
    expect(readdirSync(copied)).not.toContain('checkpoints');
  });

  it('takes the oldest layout and another directory, reports too', async () => {
    const base = join(place.project, 'scripts', 'cc-orchestrator');
    old({}, { base });
    mkdirSync(join(base, 'reports'));
    writeFileSync(join(base, 'reports', 'run-1.md'), `# Report\n${TOKEN}\n`);
    mkdirSync(join(base, 'dashboard'));
    writeFileSync(join(base, 'dashboard', 'index.html'), '');
    const elsewhere = join(place.dir, 'skill');
    old({}, { base: join(elsewhere, 'scripts', 'cc-orchestrator') });
    const first = await run();
    expect(first.runs).toHaveLength(1);
    expect(first.skipped).toMatchObject([{ path: join(base, 'dashboard') }]);
    const report = join(managedDir(workspace, 'reports'), 'predecessor', 'run-1.md');
    expect(readFileSync(report, 'utf8')).toContain('# Report');
    expect(readFileSync(report, 'utf8')).not.toContain(TOKEN);
    expect((await run(true, elsewhere)).runs).toHaveLength(1);
    expect(await runIds(workspace)).toHaveLength(2);
    expect(await run()).toMatchObject({ runs: [], reports: [], already: 2 });
  });

  it('is kept by retention as if it had just ended, and is what remains after a kill in between', async () => {
    const { id } = old();
    for (let at = 0; at < 30; at += 1) old();
    const record = await recordOf(id);
    await tidyWorkspace(place.host, workspace);
    expect(existsSync(runPaths(workspace, record.run_id).dir)).toBe(true);
    // Killed before the last step: only a part in tmp is left.
    rmSync(runPaths(workspace, record.run_id).dir, { recursive: true });
    mkdirSync(join(managedDir(workspace, 'tmp'), `migrating-${record.run_id}`, 'half'), {
      recursive: true,
    });
    expect((await run()).runs).toMatchObject([{ run_id: record.run_id }]);
    expect(existsSync(join(runPaths(workspace, record.run_id).dir, 'half'))).toBe(false);
  });
});

describe('a migration that was killed', () => {
  /** What is here of the predecessor's, without when it came. */
  function brought(): Record<string, string> {
    const files = allOf(workspace.base);
    return Object.fromEntries(
      Object.entries(files)
        .filter(([name]) => /^(?:runs\/run_|reports|tmp|state\/last\/\w)/.test(name))
        .map(([name, text]) => [name, text.replaceAll(/"\d{4}-\d\d-\d\dT[^"]*"/g, '"then"')]),
    );
  }

  it('is completed by the next, at whichever change it was; nothing is lost or there twice', async () => {
    const base = join(place.project, 'scripts', 'cc-orchestrator');
    for (let at = 0; at < 2; at += 1) old({}, { base });
    mkdirSync(join(base, 'reports'));
    for (const name of ['a.md', 'b.json']) writeFileSync(join(base, 'reports', name), '{}');
    const originals = allOf(base);
    const again = () => {
      rmSync(join(place.project, '.agent-workspace'), { recursive: true, force: true });
    };
    await run();
    const whole = brought();
    const ids = await runIds(workspace);
    expect(ids).toHaveLength(2);
    const args = [GROUND, place.env.HOME ?? '', workspace.root];
    await killedAtEveryStep('migrator', args, again, async (about) => {
      // A run that is to be seen is a whole one.
      for (const id of await runIds(workspace)) await readRecord(runPaths(workspace, id), id);
      await run();
      expect(brought(), about).toEqual(whole);
      expect((await lastRunId(workspace, undefined))?.runId).toBe(ids.at(-1));
      const { ended } = await readUsage(workspace, '2026-01-01', '2026-12-31');
      expect(ended.map(({ run_id }) => run_id).sort(), about).toEqual(ids);
      expect(await run()).toMatchObject({ runs: [], reports: [], already: 4 });
    });
    expect(allOf(base)).toEqual(originals);
  }, 120_000);
});
