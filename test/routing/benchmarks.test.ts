import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import {
  builtInDir,
  listTasks,
  ownTasksDir,
  taskVersions,
} from '../../src/routing/benchmark-tasks.ts';
import {
  BENCHMARK_LOG,
  type BenchmarkLine,
  benchmarkScores,
} from '../../src/routing/benchmarks.ts';
import { addEvidence, evidencePath, readEvidence } from '../../src/routing/evidence-log.ts';
import { userHome } from '../../src/workspace/home.ts';
import { scratch } from '../support/scratch.ts';

const home = () => userHome({ CC_ORCHESTRATOR_HOME: join(scratch(), 'cc') });

function line(version: string, change: Partial<BenchmarkLine> = {}): BenchmarkLine {
  return {
    time: '2026-11-21T11:00:00.000Z',
    benchmark: 'bench_20261121t110900123z_k3v7qa2m',
    run_id: `run_${Math.random()}`,
    task: 'code-fix-ranges',
    version,
    suite: 'code',
    profile: 'env:a',
    model: 'm',
    actual: ['m'],
    score: 1,
    solved: true,
    checks: [],
    state: 'succeeded',
    failure: 'success',
    tokens: { input: 1, output: 1, cached: 0 },
    usd: null,
    elapsed_ms: 1,
    ...change,
  };
}

it('sums up what counts: known scores of tasks as they are now', async () => {
  const at = home();
  const versions = await taskVersions(at);
  const fix = versions.get('code-fix-ranges') ?? '';
  const write = versions.get('code-implement-duration') ?? '';
  const lines = [
    line(fix, { score: 0.2 }),
    line(fix, { score: 0.4, time: '2026-11-22T00:00:00.000Z' }),
    line(write, { task: 'code-implement-duration', score: 0.9 }),
    line('0123456789abcdef', { score: 1, time: '2027-01-01T00:00:00.000Z' }),
    line(fix, { score: null, solved: null, unknown: 'auth_failed' }),
    line(fix, { task: 'gone', score: 1 }),
    line(fix, { model: 'other', score: 0 }),
  ];
  for (const one of lines)
    expect(await addEvidence(at, systemClock, BENCHMARK_LOG, one)).toBe(true);
  const scores = await benchmarkScores(at);
  expect(scores).toHaveLength(2);
  const [first, second] = scores;
  expect(first).toMatchObject({ model: 'm', n: 3, tasks: 2, latest: '2026-11-22T00:00:00.000Z' });
  expect(first?.score).toBeCloseTo((0.3 + 0.9) / 2);
  expect(second).toMatchObject({ model: 'other', score: 0, n: 1 });
});

it('stores a run once, for this user only, and reads on past what is torn or strange', async () => {
  const at = home();
  const one = line('v', { run_id: 'run_1' });
  await addEvidence(at, systemClock, BENCHMARK_LOG, one);
  expect(await addEvidence(at, systemClock, BENCHMARK_LOG, one)).toBe(false);
  const path = evidencePath(at, BENCHMARK_LOG);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(path, 'utf8').split('\n')[0] ?? '')).toMatchObject({
    schema_version: 1,
  });
  appendFileSync(path, '{"score": "much"}\nno json\n{"torn":');
  await addEvidence(at, systemClock, BENCHMARK_LOG, line('v', { run_id: 'run_2' }));
  expect(readEvidence(at, BENCHMARK_LOG).map(({ run_id }) => run_id)).toEqual(['run_1', 'run_2']);
});

it('what is read again is what is in the file now', async () => {
  const at = home();
  const path = evidencePath(at, BENCHMARK_LOG);
  const runs = () => readEvidence(at, BENCHMARK_LOG).map(({ run_id }) => run_id);
  expect(runs()).toEqual([]);
  await addEvidence(at, systemClock, BENCHMARK_LOG, line('v', { run_id: 'run_1' }));
  expect(runs()).toEqual(['run_1']);
  expect(runs()).toEqual(['run_1']);
  rmSync(path);
  expect(runs()).toEqual([]);
  await addEvidence(at, systemClock, BENCHMARK_LOG, line('v', { run_id: 'run_2' }));
  expect(runs()).toEqual(['run_2']);
});

it('twenty writers at once lose nothing', async () => {
  const at = home();
  const lines = Array.from({ length: 20 }, (_, n) => line('v', { run_id: `run_${n}` }));
  await Promise.all(lines.map((one) => addEvidence(at, systemClock, BENCHMARK_LOG, one)));
  expect(readEvidence(at, BENCHMARK_LOG)).toHaveLength(20);
});

it('a task of the user counts for the built-in one, and its version follows its files', async () => {
  const at = home();
  const dir = join(ownTasksDir(at), 'code-fix-ranges');
  const before = (await taskVersions(at)).get('code-fix-ranges');
  cpSync(join(builtInDir(), 'code-fix-ranges'), dir, { recursive: true });
  expect((await taskVersions(at)).get('code-fix-ranges')).toBe(before);
  mkdirSync(join(dir, 'good', 'new'));
  writeFileSync(join(dir, 'good', 'new', 'answer.yaml'), '{}\n');
  expect((await taskVersions(at)).get('code-fix-ranges')).toBe(before);
  appendFileSync(join(dir, 'hidden', 'hidden.mjs'), '// changed\n');
  expect((await taskVersions(at)).get('code-fix-ranges')).not.toBe(before);
  expect((await listTasks(at)).find(({ id }) => id === 'code-fix-ranges')?.dir).toBe(dir);
});

it('a task that is not valid is named, with the field', async () => {
  const at = home();
  const dir = join(ownTasksDir(at), 'broken');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'task.yaml'), 'schema_version: 1\nsuite: poetry\n');
  await expect(listTasks(at)).rejects.toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringMatching(/broken.*task\.yaml.*suite/s),
  });
});
