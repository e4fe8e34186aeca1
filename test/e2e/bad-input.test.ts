import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { toErrorFacts } from '../../src/core/errors.ts';
import { findRun } from '../../src/runs/find.ts';
import { launchRun } from '../../src/runs/launch.ts';
import { activeRuns } from '../../src/runs/list.ts';
import { resolvePlace } from '../../src/workspace/resolve.ts';
import { Lab } from '../support/lab.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

async function refusal(work: () => Promise<unknown> | unknown) {
  try {
    await work();
  } catch (error) {
    return toErrorFacts(error);
  }
  throw new Error('nothing was refused');
}

/** A program that answers `--version` like Claude Code and does what a script says otherwise. */
function fakeClaude(version: string, script = 'exit 3'): string {
  const path = join(lab.dir, 'fake-claude');
  writeFileSync(
    path,
    `#!/bin/sh\n[ "$1" = --version ] && echo "${version}" && exit 0\n${script}\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

test('no Claude Code: says how to get it, and leaves nothing behind', async () => {
  lab = await Lab.open([]);
  lab.env.CC_CLAUDE_PATH = join(lab.dir, 'nowhere');
  expect(await refusal(() => lab.launch({ task: 'x' }))).toMatchObject({
    code: 'WORKER_NOT_FOUND',
    hint: expect.stringContaining('npm install -g @anthropic-ai/claude-code'),
  });
  expect(existsSync(lab.path('.agent-workspace'))).toBe(false);
});

test('a version that cannot block on a failing hook is refused', async () => {
  lab = await Lab.open([]);
  lab.env.CC_CLAUDE_PATH = fakeClaude('2.0.1 (Claude Code)');
  expect(await refusal(() => lab.launch({ task: 'x' }))).toMatchObject({
    code: 'WORKER_UNSUPPORTED',
    message: expect.stringContaining('2.0.1'),
  });
  lab.env.CC_CLAUDE_PATH = fakeClaude('hello world');
  expect((await refusal(() => lab.launch({ task: 'x' }))).code).toBe('WORKER_UNSUPPORTED');
});

test('a worker that ends at once is launch_environment, never success', async () => {
  lab = await Lab.open([]);
  for (const script of ['echo broken >&2; exit 3', 'exit 0']) {
    lab.env.CC_CLAUDE_PATH = fakeClaude('2.1.329 (Claude Code)', script);
    const run = await lab.ended(await lab.launch({ task: 'x' }));
    expect(run.record.outcome).toMatchObject({
      state: 'failed',
      failure: { class: 'launch_environment', hint: expect.any(String) },
    });
  }
});

test('a worker whose binary vanished between plan and start', async () => {
  lab = await Lab.open([]);
  lab.env.CC_CLAUDE_PATH = fakeClaude('2.1.329 (Claude Code)', 'exit 0');
  await lab.ended(await lab.launch({ task: 'warm the version cache' }));
  chmodSync(lab.env.CC_CLAUDE_PATH, 0o644);
  expect((await refusal(() => lab.launch({ task: 'x' }))).code).toBe('WORKER_NOT_FOUND');
});

test('unknown profile, run id and directory', async () => {
  lab = await Lab.open([]);
  expect(await refusal(() => lab.launch({ task: 'x', profile: 'nope' }))).toMatchObject({
    code: 'PROFILE_NOT_FOUND',
    hint: expect.stringContaining('env:lab'),
  });
  expect(
    (await refusal(() => findRun(lab.host(), 'run_20260101t000000000z_aaaaaaaa', undefined))).code,
  ).toBe('RUN_NOT_FOUND');
  for (const runId of ['../../etc', 'run_../../../x', '', 'RUN_20260101T000000000Z_AAAAAAAA']) {
    expect((await refusal(() => findRun(lab.host(), runId, undefined))).code).toBe('BAD_INPUT');
  }
  const file = lab.path('README.md');
  expect(
    (await refusal(() => resolvePlace({ cwd: file, env: lab.env, processCwd: '/' }))).code,
  ).toBe('NOT_A_DIRECTORY');
  expect((await refusal(() => lab.launch({ task: '   ' }))).code).toBe('BAD_INPUT');
  expect((await refusal(() => lab.launch({ task: 'x', scope: { paths: ['a'] } }))).code).toBe(
    'BAD_INPUT',
  );
});

test('without git a write run works, and what it changed is known all the same', async () => {
  lab = await Lab.open([], { git: false });
  lab.model.addScript({
    name: 's',
    steps: [
      { tools: [{ name: 'Write', input: { file_path: lab.path('a.txt'), content: 'a' } }] },
      { text: 'Done.' },
    ],
  });
  const run = await lab.ended(
    await lab.launch({ task: 'x', allowWrite: true, scope: { paths: ['**'] } }),
  );
  expect(run.record.outcome).toMatchObject({ state: 'succeeded', changed_files: 1 });
  expect(lab.read('a.txt')).toBe('a');
});

test('over the limit of concurrent runs is a clear refusal', async () => {
  lab = await Lab.open([
    { name: 's', steps: [{ text: 'x', hold: { at: 'before_headers', name: 'all' } }] },
  ]);
  const home = lab.host().home;
  mkdirSync(home.root, { recursive: true });
  writeFileSync(home.policy, 'max_concurrent: 2\nstart_interval_ms: 0\n');
  const runs = [await lab.launch({ task: '1' }), await lab.launch({ task: '2' })];
  expect(await refusal(() => lab.launch({ task: '3' }))).toMatchObject({
    code: 'LIMIT_REACHED',
    retryable: true,
    details: { active: runs.map((run) => run.record.run_id) },
  });
  lab.model.release('all');
  for (const run of runs) await lab.ended(run);
  await lab.ended(await lab.launch({ task: '3' }));
});

test('a launcher that died before the run was recorded leaves no slot taken', async () => {
  lab = await Lab.open([{ name: 's', steps: [{ text: 'x' }] }]);
  await lab.ended(await lab.launch({ task: 'x' }));
  const active = join(lab.place().workspace.base, 'state/active');
  const runId = 'run_20260101t000000000z_aaaaaaaa';
  writeFileSync(
    join(active, `${runId}.json`),
    JSON.stringify({
      run_id: runId,
      profile: 'env:lab',
      launcher: { pid: 1, start: '0', boot: 'x' },
    }),
  );
  expect(await activeRuns(lab.place().workspace)).toEqual([]);
  expect(existsSync(join(active, `${runId}.json`))).toBe(false);
});

const canMount = (() => {
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
})();

test('a read-only project is refused with the reason', async (context) => {
  lab = await Lab.open([]);
  if (!canMount) {
    console.log('skipped: needs root and mount to make a read-only directory');
    return context.skip();
  }
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', lab.project]);
  try {
    expect(await refusal(() => launchRun(lab.host(), lab.place(), { task: 'x' }))).toMatchObject({
      code: 'STORAGE_READ_ONLY',
      hint: expect.any(String),
    });
  } finally {
    execFileSync('umount', [lab.project]);
  }
});

test('a disk that fills up while events are written ends the run as disk_full', async (context) => {
  lab = await Lab.open([]);
  if (!canMount) {
    console.log('skipped: needs root and mount to make a small disk');
    return context.skip();
  }
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', lab.project]);
  try {
    lab.write('README.md', 'small disk');
    lab.model.addScript({
      name: 's',
      steps: [],
      after: {
        text: 'Reading.',
        floodBytes: 3000,
        tools: [{ name: 'Read', input: { file_path: lab.path('README.md') } }],
      },
    });
    const run = await lab.ended(await lab.launch({ task: 'x', budget: { max_turns: 1000 } }));
    expect(run.record.outcome).toMatchObject({ state: 'failed', failure: { class: 'disk_full' } });
    expect(lab.processes(run.record.run_id)).toEqual([]);
    const events = readFileSync(run.paths.events, 'utf8');
    expect(events.endsWith('\n')).toBe(true);
    const ends = lab.events(run).filter(({ type }) => type === 'cc.run.ended');
    expect(ends).toMatchObject([{ outcome: { state: 'failed' } }]);
  } finally {
    execFileSync('umount', ['-l', lab.project]);
  }
});

test('a bare repository is not for workers that write', async () => {
  lab = await Lab.open([], { git: false });
  lab.git('init', '-q', '--bare', '.');
  expect(
    (await refusal(() => lab.launch({ task: 'x', allowWrite: true, scope: { paths: ['**'] } })))
      .code,
  ).toBe('NOT_ALLOWED');
});
