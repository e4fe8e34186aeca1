import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { isFinal, type RunState } from '../../src/core/vocabulary.ts';
import { BIN, runProgram } from '../support/controllers.ts';
import { Lab, rawCoverage } from '../support/lab.ts';
import { LabServer } from '../support/server.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

function cli(...args: string[]) {
  return runProgram(process.execPath, [BIN, ...args], { cwd: lab.project, env: lab.env });
}

test('a server killed in the middle of a run loses nothing: a new one sees it all', async () => {
  lab = await Lab.open([
    { name: 's', steps: [{ text: 'The answer.', hold: { at: 'before_headers', name: 'go' } }] },
  ]);
  const first = await LabServer.start(lab);
  const started = await first.call('cc_run_streaming_agent', { task: 'Answer.' });
  const runId = String(started.run_id);
  lab.runs.push(runId);
  const waiting = first.call('cc_wait_runs', { run_ids: [runId] }).catch(() => 'gone');
  await lab.model.waitForHold('go');
  process.kill(first.pid, 'SIGKILL');
  expect(await waiting).toBe('gone');
  lab.model.release('go');
  const second = await LabServer.start(lab);
  const waited = await second.call('cc_wait_runs', { run_ids: [runId], until: 'all' });
  expect(waited).toMatchObject({ reason: 'all_ended', active: [] });
  expect(await second.call('cc_last_run')).toMatchObject({
    run_id: runId,
    state: 'succeeded',
    answer: 'The answer.',
    tokens: { input: 100, output: 20 },
  });
  expect(rawCoverage(lab.events(await lab.find(runId)))).toEqual([]);
  await second.close();
});

test('two servers and the command line share a workspace without a torn read or a lost run', async () => {
  lab = await Lab.open([
    { name: 's', steps: [{ text: 'ok', hold: { at: 'before_headers', name: 'all' } }] },
  ]);
  const servers = [await LabServer.start(lab), await LabServer.start(lab)];
  const problems: unknown[] = [];
  let reading = true;
  // Reads every file of every run as fast as it can while they are written.
  const reader = (async () => {
    while (reading) {
      const runs = join(lab.project, '.agent-workspace/claude-code-orchestrator/runs');
      for (const run of safeList(runs)) {
        for (const file of ['metadata.json', 'progress_summary.json']) {
          const text = safeRead(join(runs, run, file));
          try {
            if (text !== undefined) JSON.parse(text);
          } catch (error) {
            problems.push(error);
          }
        }
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  const starts = await Promise.all([
    ...servers.flatMap((server) => [
      server.call('cc_run_streaming_agent', { task: 'one' }),
      server.call('cc_run_streaming_agent', { task: 'two' }),
    ]),
  ]);
  const ids = starts.map((start) => String(start.run_id));
  lab.runs.push(...ids);
  expect(new Set(ids).size).toBe(4);
  // A fifth is over the default limit of four, also from the command line.
  const fifth = await cli('run-agent', 'three', '--json');
  expect([fifth.exitCode, JSON.parse(fifth.stdout)]).toMatchObject([
    1,
    { error: { code: 'LIMIT_REACHED' } },
  ]);
  lab.model.release('all');
  await Promise.all(
    servers.map((server) => server.call('cc_wait_runs', { run_ids: ids, until: 'all' })),
  );
  const listed = await cli('run-status', '--include-finished', '--json');
  const { runs } = JSON.parse(listed.stdout) as { runs: { run_id: string; state: RunState }[] };
  expect(runs.map((run) => run.run_id).sort()).toEqual([...ids].sort());
  expect(runs.every((run) => isFinal(run.state) && run.state === 'succeeded')).toBe(true);
  reading = false;
  await reader;
  expect(problems).toEqual([]);
  await Promise.all(servers.map((server) => server.close()));
});

test('a read-only server starts and stops nothing and says what is needed', async () => {
  lab = await Lab.open([
    { name: 's', steps: [{ text: 'x', hold: { at: 'before_headers', name: 'go' } }] },
  ]);
  const run = await lab.launch({ task: 'x' });
  await lab.model.waitForHold('go');
  process.kill(lab.supervisor(run).pid, 'SIGKILL');
  const server = await LabServer.start(lab, ['--read-only']);
  const status = await server.call('cc_run_status', { run_id: run.record.run_id });
  expect(JSON.stringify(status)).toContain('needs_recovery');
  expect(status).toMatchObject({ runs: [{ state: 'lost' }] });
  expect(await server.call('cc_stop_run', { run_id: run.record.run_id })).toMatchObject({
    ok: false,
    error: { code: 'UNKNOWN_TOOL' },
  });
  await server.close();
  lab.model.release('go');
  expect((await lab.ended(run)).record.outcome?.state).toBe('succeeded');
});

test('the command line runs a task to its end and exits by its outcome', async () => {
  lab = await Lab.open([
    { name: 'good', match: 'GOOD', steps: [{ text: 'fine' }] },
    { name: 'bad', match: 'BAD', steps: [{ text: 'x', faults: [{ kind: 'http', status: 403 }] }] },
  ]);
  const good = await cli('run-agent', 'GOOD task');
  expect(good.exitCode).toBe(0);
  expect(good.stdout).toContain('answer: fine');
  const bad = await cli('run-agent', 'BAD task', '--json');
  expect(bad.exitCode).toBe(1);
  expect(JSON.parse(bad.stdout)).toMatchObject({
    state: 'failed',
    failure: { class: 'auth_failed' },
  });
});

function safeList(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function safeRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
