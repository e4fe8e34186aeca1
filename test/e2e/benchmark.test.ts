import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  batchIds,
  createBatch,
  findBatch,
  removeBatch,
  stateOf,
} from '../../src/benchmarks/batch.ts';
import { driveBatch } from '../../src/benchmarks/drive.ts';
import { planBenchmark } from '../../src/benchmarks/plan.ts';
import { shadowRun } from '../../src/benchmarks/shadow.ts';
import type { ModelCall, Script, Step } from '../../src/loopback/script.ts';
import { findByCookie } from '../../src/proc/tree.ts';
import type { BenchmarkTask } from '../../src/routing/benchmark-task.ts';
import { listTasks } from '../../src/routing/benchmark-tasks.ts';
import { BENCHMARK_LOG, benchmarkScores } from '../../src/routing/benchmarks.ts';
import { readEvidence } from '../../src/routing/evidence-log.ts';
import { shadowScores } from '../../src/routing/shadow-results.ts';
import { lastRunId } from '../../src/runs/last.ts';
import { SUPERVISOR_COOKIE } from '../../src/runs/start-supervisor.ts';
import { stopRun } from '../../src/runs/stop.ts';
import { knownWorkspaces } from '../../src/workspace/home.ts';
import { answersOf, type ExampleAnswer } from '../benchmarks/answers.ts';
import { Lab, REPOSITORY } from '../support/lab.ts';
import { PATIENCE_MS } from '../support/patience.ts';

let lab: Lab;
afterEach(async () => {
  await supervisorsGone();
  expect(await lab.close()).toEqual([]);
});

/** They write their last files a moment after their runs have ended. */
async function supervisorsGone() {
  const { home } = lab.host();
  const ids = readEvidence(home, BENCHMARK_LOG).map(({ run_id }) => run_id);
  const gone = async () =>
    ids.every((id) => findByCookie(SUPERVISOR_COOKIE, id).length === 0) || undefined;
  await lab.until(gone, 'the supervisors to leave');
}

const never = new AbortController().signal;
const quiet = { timeoutMs: 150_000, signal: never, progress: () => undefined };

async function taskNamed(id: string): Promise<BenchmarkTask> {
  const task = (await listTasks(lab.host().home)).find((one) => one.id === id);
  if (task === undefined) throw new Error(`no task ${id}`);
  return task;
}

async function answerNamed(task: BenchmarkTask, name: string): Promise<ExampleAnswer> {
  const answer = answersOf(task).find((one) => `${one.which}/${one.name}` === name);
  if (answer === undefined) throw new Error(`no answer ${name}`);
  return answer;
}

async function begin(task: string, budget = {}) {
  const host = lab.host();
  const plan = await planBenchmark(host, {
    profiles: ['env:lab'],
    model: undefined,
    suite: undefined,
    task,
    repeat: 1,
    budget,
  });
  const batch = await createBatch(host, plan.trials);
  return { host, batch };
}

function projectOf(call: ModelCall): string {
  const path = /[^\s"\\]*\/work\/bench_[^\s"\\]*\/project/.exec(JSON.stringify(call.body))?.[0];
  if (path === undefined) throw new Error('the worker does not know where it works');
  return path;
}

/** A worker that reads a file, writes these and says that all is well. */
function writer(name: string, files: Record<string, string>): Script {
  const step = (tool: (path: string, text: string) => object) => (call: ModelCall) =>
    ({
      tools: Object.entries(files).map(([file, text]) => tool(join(projectOf(call), file), text)),
    }) as Step;
  return {
    name,
    steps: [
      step((file_path) => ({ name: 'Read', input: { file_path } })),
      step((file_path, content) => ({ name: 'Write', input: { file_path, content } })),
      { text: 'All tests pass now.' },
    ],
  };
}

function structured(name: string, input: object): Script {
  return { name, steps: [{ tools: [{ name: 'StructuredOutput', input: { ...input } }] }] };
}

test.each([
  ['good/sorted-copy', 1, true],
  ['bad/hard-coded', undefined, false],
])(
  'a worker that leaves %s in a code task is graded by what it left',
  async (name, score, solved) => {
    lab = await Lab.open([]);
    const task = await taskNamed('code-fix-ranges');
    const { dir } = await answerNamed(task, name);
    const text = readFileSync(join(dir, 'files/src/ranges.mjs'), 'utf8');
    lab.model.addScript(writer('w', { 'src/ranges.mjs': text }));
    const { host, batch } = await begin(task.id);
    const { results, running, waiting } = await driveBatch(host, batch, quiet);
    expect({ running, waiting }).toEqual({ running: [], waiting: 0 });
    const [line] = results;
    expect(line).toMatchObject({ solved, state: 'succeeded', profile: 'env:lab', suite: 'code' });
    expect(line?.actual).toEqual(['lab-model-1']);
    expect(line?.usd).toBeGreaterThan(0);
    if (score === undefined) expect(line?.score).toBeLessThanOrEqual(0.5);
    else expect(line?.score).toBe(score);
    // A second look neither runs nor stores anything again.
    await driveBatch(host, batch, quiet);
    expect(readEvidence(host.home, BENCHMARK_LOG)).toHaveLength(1);
    expect(await benchmarkScores(host.home)).toMatchObject([
      {
        profile: 'env:lab',
        model: 'lab-model-1',
        suite: 'code',
        n: 1,
        tasks: 1,
        score: line?.score,
      },
    ]);
    await removeBatch(host, batch);
    expect(existsSync(batch.dir)).toBe(false);
    expect(await knownWorkspaces(host.home)).toEqual([]);
  },
);

test.each([
  ['good/all-of-them', true],
  ['bad/extra-false-findings', false],
])('structured findings like %s are compared with the truth', async (name, solved) => {
  lab = await Lab.open([]);
  const task = await taskNamed('review-orders');
  const answer = await answerNamed(task, name);
  lab.model.addScript(structured('w', answer.output as object));
  const { host, batch } = await begin(task.id);
  const [line] = (await driveBatch(host, batch, quiet)).results;
  expect(line).toMatchObject({ solved, state: 'succeeded' });
  const failed = line?.checks.filter(({ passed }) => !passed).map((check) => check.name);
  expect(failed?.sort()).toEqual([...answer.fails].sort());
});

test('prose instead of the structured answer is an invalid output, and worth nothing', async () => {
  lab = await Lab.open([{ name: 'w', steps: [], after: { text: 'I found eight defects.' } }]);
  const { host, batch } = await begin('review-orders');
  const [line] = (await driveBatch(host, batch, quiet)).results;
  expect(line).toMatchObject({ score: 0, solved: false, failure: 'invalid_output' });
});

test('a provider that refuses says nothing about the model', async () => {
  const refused: Step = { text: '', faults: [{ kind: 'http', status: 401 }] };
  lab = await Lab.open([{ name: 'w', steps: [], after: refused }]);
  const { host, batch } = await begin('review-orders');
  const [line] = (await driveBatch(host, batch, quiet)).results;
  expect(line).toMatchObject({ score: null, solved: null, failure: 'auth_failed' });
  expect(line?.unknown).toContain('auth_failed');
  expect(await benchmarkScores(host.home)).toEqual([]);
});

test('a command that is killed in the middle leaves what another one goes on with', async () => {
  lab = await Lab.open([]);
  const task = await taskNamed('review-orders');
  const answer = await answerNamed(task, 'good/all-of-them');
  const input = answer.output as Record<string, unknown>;
  lab.model.addScript({
    name: 'w',
    steps: [{ tools: [{ name: 'StructuredOutput', input }], hold: { at: 'before_headers' } }],
  });
  const cli = join(REPOSITORY, 'dist/cc-orchestrator.js');
  const choice = ['--profile', 'env:lab', '--task', task.id, '--execute', '--json'];
  const command = spawn(process.execPath, [cli, 'benchmark-model', ...choice], {
    env: lab.env,
    stdio: 'ignore',
  });
  await lab.model.waitForHold('w/0');
  command.kill('SIGKILL');
  await once(command, 'exit');

  const host = lab.host();
  const [id = ''] = await batchIds(host.home);
  const plan = JSON.parse(
    execFileSync(process.execPath, [cli, 'benchmark-model', '--json'], {
      env: lab.env,
      encoding: 'utf8',
    }),
  );
  expect(plan.open).toEqual([id]);
  const early = await driveBatch(host, await findBatch(host.home, id), { ...quiet, timeoutMs: 0 });
  expect(early).toMatchObject({ results: [], waiting: 0 });
  expect(early.running).toHaveLength(1);

  lab.model.release('w/0');
  const batch = await findBatch(host.home, id);
  const both = await Promise.all([driveBatch(host, batch, quiet), driveBatch(host, batch, quiet)]);
  for (const { results } of both) expect(results).toMatchObject([{ solved: true, score: 1 }]);
  expect(readEvidence(host.home, BENCHMARK_LOG)).toHaveLength(1);
  expect(lab.model.requestsFor('w')).toHaveLength(1);
  const run = await lab.find(early.running[0] ?? '');
  expect(JSON.parse(readFileSync(run.paths.output, 'utf8'))).toEqual({
    schema_version: 1,
    output: input,
  });
});

test('a run that is stopped is unknown, and nothing of it is left', async () => {
  const held: Step = { text: 'x', hold: { at: 'before_headers' } };
  lab = await Lab.open([{ name: 'w', steps: [held] }]);
  const { host, batch } = await begin('code-fix-ranges');
  const driven = driveBatch(host, batch, quiet);
  const trial = await lab.until(async () => {
    const state = await stateOf(host, batch, 0);
    return state.state === 'running' ? state : undefined;
  }, 'the trial to run');
  const { run_id } = trial.record;
  const run = await lab.find(run_id);
  await stopRun(host, run, { force: false, timeoutMs: PATIENCE_MS, from: 'test', signal: never });
  expect((await driven).results).toMatchObject([{ score: null, state: 'cancelled' }]);
  expect(lab.processes(run_id)).toEqual([]);
  await removeBatch(host, batch);
  expect(existsSync(batch.dir)).toBe(false);
});

test('a shadow run repeats a task, is compared, and is used for nothing', async () => {
  const says = (text: string) => ({ text, usage: { input: 100, output: 10 } });
  lab = await Lab.open([
    {
      name: 'w',
      steps: [
        (call) =>
          says(
            call.model === 'cheap-model' ? 'See README.md:1.' : 'See README.md:1 and src/a.js:9.',
          ),
      ],
    },
  ]);
  lab.addProfile('cheap');
  const host = lab.host();
  const run = await lab.ended(
    await lab.launch({ task: 'Where?', context: 'Fact.', profile: 'lab' }),
  );
  const request = { profile: 'env:cheap', model: undefined, maxUsd: undefined };
  const options = { timeoutMs: 150_000, signal: never };
  const first = await shadowRun(host, run, request, options);
  lab.runs.push(first.run_id);
  expect(first.line).toMatchObject({
    compared: 'citations',
    agreement: 0.667,
    original: { run_id: run.record.run_id, profile: 'env:lab' },
    shadow: { profile: 'env:cheap', state: 'succeeded', usd: null },
  });
  expect((await shadowRun(host, run, request, options)).run_id).toBe(first.run_id);
  expect(await shadowScores(host.home)).toMatchObject([
    { profile: 'env:cheap', model: 'cheap-model', n: 1, compared: 1 },
  ]);
  const [a, b] = lab.model.requestsFor('w').map(({ body }) => JSON.stringify(body));
  for (const body of [a, b]) expect(body).toContain('Context from the controller:');
  // The user's last run is still their own, and nobody is told of the trial.
  expect((await lastRunId(run.workspace, undefined))?.runId).toBe(run.record.run_id);
});
