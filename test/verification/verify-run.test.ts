import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { toErrorFacts } from '../../src/core/errors.ts';
import { newId } from '../../src/core/ids.ts';
import { arrayAt, objectAt } from '../../src/core/json.ts';
import { findByCookie } from '../../src/proc/tree.ts';
import { writeRecord } from '../../src/runs/record.ts';
import { Lease } from '../../src/store/lease.ts';
import { answerOf } from '../../src/verification/answer.ts';
import { countsInJunit } from '../../src/verification/results/junit.ts';
import { COMMAND_COOKIE } from '../../src/verification/running/command.ts';
import { verifyAndWait } from '../../src/verification/under-way.ts';
import { judge } from '../../src/verification/verdict.ts';
import { verification } from '../../src/verification/verification.ts';
import {
  type VerifyOptions,
  type VerifyRequest,
  verifyRun,
} from '../../src/verification/verify-run.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { scratch } from '../support/scratch.ts';
import { type Told, tellRun, type WorkerCase, workerCase } from './told-run.ts';

// Real repositories and commands; each verification takes a second or more on a busy machine.

const FIX = {
  about: 'fixes it',
  honest: true,
  base: { 'src/a.mjs': 'export const one = 2;\n' },
  steps: [{ edit: { 'src/a.mjs': 'export const one = 1;\n' } }],
  answer: 'Fixed `src/a.mjs`.',
  expect: { verdict: ['accept'] },
};

function told(change: Partial<Record<keyof WorkerCase, unknown>> = {}): Promise<Told> {
  return tellRun(scratch(), workerCase.parse({ ...FIX, ...change }));
}

const quiet: VerifyOptions = {
  signal: new AbortController().signal,
  progress: () => undefined,
  actor: { by: 'cli' },
};

function request(change: Partial<VerifyRequest> = {}): VerifyRequest {
  return {
    tests: undefined,
    checks: [],
    timeoutSeconds: 90,
    minCoverage: undefined,
    ...change,
  };
}

const verify = ({ host, run }: Told, change: Partial<VerifyRequest> = {}) =>
  verifyRun(host, run, request(change), quiet);

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'ok',
    (error: unknown) => toErrorFacts(error).code,
  );
}

test('what is stored is whole, and the verdict follows from the file alone', async () => {
  const place = await told();
  const { result, file } = await verify(place, { tests: ['node -e 0'] });
  expect(result.verdict).toBe('accept');
  const stored = verification.parse(JSON.parse(readFileSync(file, 'utf8')));
  expect(stored).toEqual(result);
  const { verdict, risk, reasons } = stored;
  expect(judge(stored)).toEqual({ verdict, risk, reasons });
  const folder = place.run.paths.verification;
  expect(JSON.parse(readFileSync(join(folder, 'latest.json'), 'utf8'))).toEqual(stored);
  expect(stored.after_tree).toBe(stored.tree_now);
  expect(stored.head).toMatch(/^[0-9a-f]{40}$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(Buffer.byteLength(JSON.stringify(answerOf({ result, file })))).toBeLessThan(1500);
});

test('the exports are what other programs read', async () => {
  const place = await told({
    claims: [{ kind: 'ran', command: 'npm run <x> & "y"', outcome: 'ok' }],
  });
  const { result } = await verify(place, { tests: ['exit 3'] });
  const folder = join(place.run.paths.verification, result.verification_id);
  const junit = await countsInJunit(readFileSync(join(folder, 'junit.xml'), 'utf8'));
  expect(junit?.failed).toBeGreaterThanOrEqual(2);
  expect(junit?.failures).toContain('ran npm run <x> & "y"');
  const sarif: unknown = JSON.parse(readFileSync(join(folder, 'report.sarif'), 'utf8'));
  expect(sarif).toMatchObject({ version: '2.1.0' });
  const [run] = arrayAt(sarif, 'runs');
  expect(arrayAt(run, 'results')).toHaveLength(result.reasons.length);
  expect(objectAt(objectAt(run, 'tool'), 'driver')).toMatchObject({ name: 'cc-orchestrator' });
});

describe('what cannot be verified', () => {
  test('a run that still goes on', async () => {
    const place = await told();
    const { run } = place;
    // This very process holds its lease, so it counts as supervised.
    const record = { ...run.record, state: 'running' as const };
    await writeRecord(run.paths, record);
    expect(await codeOf(verify({ ...place, run: { ...run, record } }))).toBe('STILL_RUNNING');
    expect(existsSync(join(run.paths.verification, 'latest.json'))).toBe(false);
  });

  test('one that is being verified', async () => {
    const place = await told();
    const lease = Lease.tryAcquire(join(place.run.paths.verification, 'lease'));
    expect(lease).toBeInstanceOf(Lease);
    expect(await codeOf(verify(place))).toBe('BUSY');
    if (lease instanceof Lease) lease.release();
    expect(await codeOf(verify(place))).toBe('ok');
  });

  test('one whose caller has given up: nothing is stored, nothing goes on', async () => {
    const place = await told();
    const stop = new AbortController();
    const work = verifyRun(place.host, place.run, request({ tests: ['sleep 30'] }), {
      signal: stop.signal,
      progress: () => setTimeout(() => stop.abort(), 300),
      actor: { by: 'cli' },
    });
    expect(await codeOf(work)).toBe('CANCELLED');
    expect(existsSync(join(place.run.paths.verification, 'latest.json'))).toBe(false);
  });
});

test('what a verification that was killed still runs is ended by the next one', async () => {
  const place = await told();
  const id = newId('verify', new Date());
  mkdirSync(join(place.run.paths.verification, id), { recursive: true });
  const left = spawn('sleep', ['60'], {
    detached: true,
    stdio: 'ignore',
    env: { PATH: process.env.PATH, [COMMAND_COOKIE]: id },
  });
  await once(left, 'spawn');
  expect(findByCookie(COMMAND_COOKIE, id)).toHaveLength(1);
  await verify(place);
  expect(findByCookie(COMMAND_COOKIE, id)).toEqual([]);
});

describe('our commands', () => {
  test('get a clean environment, the directory of the run, and no input', async () => {
    const place = await told();
    Object.assign(place.host.env, {
      CC_PROFILE_X_BASE_URL: 'http://127.0.0.1:9',
      CC_PROFILE_X_AUTH_TOKEN: 'very-secret-token-1',
      CC_PROFILE_X_MODEL: 'm',
      SSH_AUTH_SOCK: '/tmp/agent',
      SOMETHING: 'else',
      LANG: 'very-secret-token-1',
      LC_ALL: 'C',
    });
    const { result } = await verify(place, { tests: ['env; pwd; cat'] });
    const [run] = result.tests;
    const out = readFileSync(join(place.run.paths.verification, run?.stdout ?? ''), 'utf8');
    expect(run?.status).toBe('passed');
    expect(out).toContain('LC_ALL=C\n');
    expect(out).toContain('CI=true\n');
    expect(out).toContain(`\n${place.project}\n`);
    for (const name of ['CC_PROFILE', 'SSH_AUTH_SOCK', 'SOMETHING', 'secret', 'LANG=']) {
      expect(out).not.toContain(name);
    }
  });

  test('leave no process behind, not even one of a session of its own', async () => {
    const place = await told();
    const script = 'setsid sleep 300 >/dev/null 2>&1 & nohup sleep 300 >/dev/null 2>&1 & true';
    const { result } = await verify(place, { tests: [script] });
    expect(result.tests[0]).toMatchObject({ status: 'passed', swept: 2 });
    expect(findByCookie('CC_ORCHESTRATOR_VERIFY', result.verification_id)).toEqual([]);
  });

  test('end at the timeout with all that they started', async () => {
    const place = await told();
    const { result } = await verify(place, {
      tests: ['setsid sleep 300 & sleep 300'],
      timeoutSeconds: 1,
    });
    expect(result.tests[0]?.status).toBe('timed_out');
    expect(result.verdict).toBe('reject');
    expect(findByCookie('CC_ORCHESTRATOR_VERIFY', result.verification_id)).toEqual([]);
  });

  test('may say as much as they like: the beginning and the end are kept', async () => {
    const place = await told();
    const script =
      "console.log('BEGIN'); for (let i = 0; i < 3e5; i++) console.log('x'.repeat(20)); console.log('ℹ tests 2\\nℹ pass 1\\nℹ fail 1')";
    const { result } = await verify(place, { tests: [`node -e "${script}"`] });
    const [run] = result.tests;
    expect(run).toMatchObject({ status: 'failed', exit_code: 0, truncated: true });
    const file = join(place.run.paths.verification, run?.stdout ?? '');
    expect(statSync(file).size).toBeLessThan(600_000);
    expect(readFileSync(file, 'utf8')).toMatch(/^BEGIN\n[\s\S]*bytes left out[\s\S]*fail 1\n$/);
  });

  test('a program that is missing is no failing test', async () => {
    const { result } = await verify(await told(), { tests: ['no-such-program --x'] });
    expect(result.tests[0]?.status).toBe('not_started');
    expect(result.verdict).toBe('investigate');
  });

  test('their secrets are hidden in what is stored', async () => {
    const place = await told();
    const { file } = await verify(place, {
      tests: ['echo sk-ant-abcdefghijklmnopqrstuvwx; echo sk-ant-abcdefghijklmnopqrstuvwx >&2'],
    });
    const id = file.replace(/\.json$/, '');
    for (const path of [file, join(id, 'test-1.stdout.txt'), join(id, 'test-1.stderr.txt')]) {
      expect(readFileSync(path, 'utf8')).not.toContain('abcdefghijklmnopqrstuvwx');
    }
  });

  test('what they change is told; what they only leave is not held against the worker later', async () => {
    const place = await told();
    const first = await verify(place, { tests: ['echo x > report.txt'] });
    expect(first.result.tests_changed).toEqual({ added: ['report.txt'], touched: [] });
    expect(first.result.verdict).toBe('accept');
    const second = await verify(place, { tests: ['echo xx > report.txt'] });
    expect(second.result.verdict).toBe('accept');
    const third = await verify(place, { tests: ['echo "export const one = 1;" >> src/a.mjs'] });
    expect(third.result.tests_changed.touched).toEqual(['src/a.mjs']);
    expect(third.result.verdict).toBe('investigate');
  });

  test('come from the policy of the user where the call names none', async () => {
    const place = await told();
    const policy = `verify: {tests: {${JSON.stringify(place.project)}: ["exit 7"]}}\n`;
    writeFileSync(place.host.home.policy, policy);
    expect((await verify(place)).result.tests).toMatchObject([{ command: 'exit 7', exit_code: 7 }]);
    expect((await verify(place, { tests: [] })).result.tests).toEqual([]);
    // A project names nothing.
    writeFileSync(join(place.project, 'policy.yaml'), policy.replace('exit 7', 'exit 8'));
    expect((await verify(place, { tests: ['true'] })).result.tests[0]?.command).toBe('true');
  });
});

test('checks: each holds, or says why not', async () => {
  const place = await told({ denials: 1 });
  const { result } = await verify(place, {
    tests: ['true'],
    checks: [
      { kind: 'diff_not_empty' },
      { kind: 'no_error_in_output' },
      { kind: 'permission_denials_empty' },
      { kind: 'no_route_mismatch' },
      { kind: 'schema' },
      { kind: 'file_exists', path: 'src/a.mjs' },
      { kind: 'file_exists', path: '../../etc/passwd' },
      { kind: 'custom_command', command: 'test -f src/a.mjs' },
      { kind: 'custom_command', command: 'exit 4' },
    ],
  });
  expect(result.checks.map(({ passed }) => passed)).toEqual([
    true,
    true,
    false,
    true,
    false,
    true,
    false,
    true,
    false,
  ]);
  expect(result.verdict).toBe('reject');
});

test('a damaged journal is told, and still read as far as it goes', async () => {
  const place = await told({ steps: [...FIX.steps, { ran: 'node --test', exit: 0 }] });
  const { events } = place.run.paths;
  writeFileSync(events, `${readFileSync(events, 'utf8')}{"seq": 99, "type`);
  const { result } = await verify(place, { tests: ['true'] });
  expect(result.run.log_incomplete).toContain('in the middle of a line');
  expect(result.verdict).toBe('investigate');
});

describe('in the background', () => {
  const wait = (place: Told, timeoutMs: number, tests: string[]) =>
    verifyAndWait(place.host, place.run, request({ tests }), {
      timeoutMs,
      signal: new AbortController().signal,
      endsWithCaller: false,
      progress: () => undefined,
      actor: { by: 'cli' },
    });

  test('whoever asks again gets the one that is under way, and its result once', async () => {
    const place = await told();
    const tests = ['while [ ! -e ../go ]; do sleep 0.05; done && echo once >> ../count'];
    expect(await wait(place, 50, tests)).toHaveProperty('under_way');
    expect(await wait(place, 50, tests)).toHaveProperty('under_way');
    writeFileSync(join(place.project, '../go'), '');
    const first = await wait(place, PATIENCE_MS, tests);
    expect(first).toMatchObject({ result: { verdict: 'accept' } });
    expect(readFileSync(join(place.project, '../count'), 'utf8')).toBe('once\n');
    const again = await wait(place, PATIENCE_MS, tests);
    expect(again).not.toMatchObject({
      result: { verification_id: 'result' in first ? first.result.verification_id : '' },
    });
  });

  test('another request for the same run has to wait', async () => {
    const place = await told();
    const tests = ['while [ ! -e ../go ]; do sleep 0.05; done'];
    expect(await wait(place, 50, tests)).toHaveProperty('under_way');
    expect(await codeOf(wait(place, 50, ['true']))).toBe('BUSY');
    writeFileSync(join(place.project, '../go'), '');
    expect(await wait(place, PATIENCE_MS, tests)).toHaveProperty('result');
  });
});
