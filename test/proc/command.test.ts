import { describe, expect, it } from 'vitest';
import { toErrorFacts } from '../../src/core/errors.ts';
import { type CommandOptions, runCommand } from '../../src/proc/command.ts';
import { findByCookie } from '../../src/proc/tree.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { adopt, cutOff, plainEnv, untilGone } from '../support/processes.ts';
import { scratch } from '../support/scratch.ts';

function run(file: string, args: string[], options: Partial<CommandOptions> = {}) {
  return runCommand(file, args, { cwd: '/', env: plainEnv(), timeoutMs: PATIENCE_MS, ...options });
}

const sh = (script: string, options?: Partial<CommandOptions>) =>
  run('sh', ['-c', script], options);

it('gives back output and exit code', async () => {
  expect(await sh('echo out; echo err >&2; exit 3')).toMatchObject({
    exitCode: 3,
    signal: undefined,
    stdout: 'out',
    stderr: 'err',
    timedOut: false,
    truncated: false,
  });
});

it('has the environment it is given and nothing else', async () => {
  const { stdout } = await run('/usr/bin/env', [], { env: { ONLY: 'this one' } });
  expect(stdout).toBe('ONLY=this one');
});

it('works in the directory it is given', async () => {
  const cwd = scratch();
  expect((await sh('pwd', { cwd })).stdout).toBe(cwd);
});

it('has an empty stdin', async () => {
  expect(await run('cat', [])).toMatchObject({ exitCode: 0, stdout: '' });
});

it('reads on stdin what it is told, also more than a pipe holds', async () => {
  const input = 'ä line\n'.repeat(100_000);
  expect((await sh('wc -c', { input })).stdout.trim()).toBe(String(Buffer.byteLength(input)));
  // Whoever does not read it ends as it likes.
  expect(await sh('exit 7', { input })).toMatchObject({ exitCode: 7, timedOut: false });
});

it('tells its output as it comes', async () => {
  const chunks: Buffer[] = [];
  const giveUp = new AbortController();
  const result = await sh('echo first; sleep 60', {
    signal: giveUp.signal,
    onStdout: (chunk) => {
      chunks.push(chunk);
      giveUp.abort();
    },
  });
  expect(Buffer.concat(chunks).toString()).toBe('first\n');
  expect(result).toMatchObject({ stdout: 'first', timedOut: false });
  expect(result.durationMs).toBeLessThan(30_000);
});

it('passes arguments as they are', async () => {
  const args = ['a b', '$(id)', '*', '"', "'", '', '-n', '漢'];
  const { stdout } = await run('printf', ['%s\\n', ...args]);
  expect(stdout).toBe(args.join('\n'));
});

it('tells a signal', async () => {
  expect(await sh('kill -9 $$')).toMatchObject({ exitCode: undefined, signal: 'SIGKILL' });
});

describe('what cannot be started', () => {
  it.each([
    ['a missing program', 'no-such-program', [], {}],
    ['a file that is no program', import.meta.filename, [], {}],
    ['a missing directory', 'true', [], { cwd: '/nowhere/at/all' }],
    ['an argument that is too long', 'true', ['x'.repeat(300_000)], {}],
    ['an argument with a NUL', 'true', ['a\0b'], {}],
  ])('%s is COMMAND_FAILED', async (_, file, args, options) => {
    const error = await run(file, args, options).catch((e: unknown) => e);
    expect(toErrorFacts(error)).toMatchObject({ code: 'COMMAND_FAILED' });
    expect(toErrorFacts(error).message).toContain(file);
  });
});

describe('output', () => {
  it('is cut at the limit, and the command does not hang on it', async () => {
    const result = await sh('yes', { maxBytes: 1000 });
    expect(result.truncated).toBe(true);
    expect(result.timedOut).toBe(false);
    expect(result.stdout.length).toBeLessThanOrEqual(1000);
  });

  it('is whole below it, however much', async () => {
    const result = await sh('head -c 900000 /dev/zero | tr "\\0" x');
    expect(result).toMatchObject({ exitCode: 0, truncated: false });
    expect(result.stdout.length).toBe(900_000);
  });
});

describe('an end that does not come', () => {
  it('is made at the timeout', async () => {
    const result = await cutOff(
      (timeoutMs) => sh('echo begun; exec sleep 300', { timeoutMs }),
      ({ stdout }) => stdout !== '',
    );
    expect(result).toMatchObject({ timedOut: true, signal: 'SIGTERM', stdout: 'begun' });
  });

  it('is made by force where SIGTERM is ignored', async () => {
    const result = await cutOff(
      (timeoutMs) => sh('trap "" TERM; echo deaf; while :; do sleep 0.05; done', { timeoutMs }),
      ({ stdout }) => stdout !== '',
    );
    expect(result).toMatchObject({ timedOut: true, signal: 'SIGKILL' });
  });

  it('is not put off by children that hold the output, and they go as well', async () => {
    const result = await cutOff(
      (timeoutMs) => sh('setsid sleep 300 & echo $!; sleep 300', { timeoutMs }),
      ({ stdout }) => stdout !== '',
    );
    expect(result).toMatchObject({ timedOut: true, signal: 'SIGTERM' });
    expect(result.durationMs).toBeLessThan(PATIENCE_MS);
    expect(() => adopt(Number(result.stdout))).toThrow('no living process');
  });

  it('is not waited for after the command itself has ended', async () => {
    const result = await sh('sleep 300 & echo $!; exit 4');
    const child = adopt(Number(result.stdout));
    expect(result).toMatchObject({ exitCode: 4, timedOut: false });
    process.kill(child.pid);
    await untilGone(child);
  });

  it('loses no child, whatever moment of the start it hits', async () => {
    for (let n = 0; n < 24; n += 1) {
      const value = `command-${process.pid}-${n}`;
      const controller = new AbortController();
      setTimeout(() => controller.abort(), n % 6);
      await sh('sh -c "sleep 300; true"; true', {
        env: { ...plainEnv(), CC_TEST_COOKIE: value },
        signal: controller.signal,
      });
      const left = findByCookie('CC_TEST_COOKIE', value);
      for (const { pid } of left) adopt(pid);
      expect(left).toEqual([]);
    }
  });

  it('is made by the signal, also by one that was given before', async () => {
    for (const signal of [AbortSignal.timeout(100), AbortSignal.abort()]) {
      const result = await sh('sleep 300', { signal });
      expect(result).toMatchObject({ exitCode: undefined, signal: 'SIGTERM', timedOut: false });
    }
  });
});
