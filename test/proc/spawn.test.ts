import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { toErrorFacts } from '../../src/core/errors.ts';
import { isAlive, selfIdentity } from '../../src/proc/identity.ts';
import { type StartedProcess, startDetached, startWorker } from '../../src/proc/spawn.ts';
import { killProcess } from '../../src/proc/terminate.ts';
import { bundle } from '../support/bundle.ts';
import { adopt, eventually, plainEnv, startProgram, untilGone } from '../support/processes.ts';
import { scratch } from '../support/scratch.ts';

const GROUND = await bundle(['proc/spawn']);

function descriptor(path: string, flags: string): number {
  const fd = openSync(path, flags);
  onTestFinished(() => closeSync(fd));
  return fd;
}

function files(directory: string) {
  return {
    stdin: descriptor('/dev/null', 'r'),
    stdout: descriptor(join(directory, 'out'), 'a'),
    stderr: descriptor(join(directory, 'err'), 'a'),
  };
}

async function worker(
  directory: string,
  script: string,
  env = plainEnv(),
): Promise<StartedProcess> {
  const options = { cwd: directory, env, ...files(directory) };
  const started = await startWorker('/bin/sh', ['-c', script], options);
  onTestFinished(async () => {
    await killProcess(started.identity);
  });
  return started;
}

describe('startWorker', () => {
  it('gives it exactly the environment, directory and files it was told', async () => {
    const directory = scratch();
    const options = { cwd: directory, env: { ONLY: 'this one' }, ...files(directory) };
    const started = await startWorker('/usr/bin/env', [], options);
    expect(await started.exited).toEqual({ code: 0, signal: null });
    expect(readFileSync(join(directory, 'out'), 'utf8')).toBe('ONLY=this one\n');
    const other = await worker(directory, 'pwd; echo problem >&2; exit 7');
    expect(await other.exited).toEqual({ code: 7, signal: null });
    expect(readFileSync(join(directory, 'out'), 'utf8')).toContain(`${directory}\n`);
    expect(readFileSync(join(directory, 'err'), 'utf8')).toBe('problem\n');
  });

  it('is a session of its own', async () => {
    const directory = scratch();
    const { identity } = await worker(directory, 'exec sleep 300');
    const stat = readFileSync(`/proc/${identity.pid}/stat`, 'latin1');
    const [, , group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    expect([group, session]).toEqual([`${identity.pid}`, `${identity.pid}`]);
  });

  it('knows who it is and how it ended', async () => {
    const started = await worker(scratch(), 'exec sleep 300');
    expect(isAlive(started.identity)).toBe(true);
    process.kill(started.identity.pid, 'SIGKILL');
    expect(await started.exited).toEqual({ code: null, signal: 'SIGKILL' });
    expect(isAlive(started.identity)).toBe(false);
  });

  it('inherits no descriptor of ours', async () => {
    const directory = scratch();
    descriptor(join(directory, 'secret'), 'w');
    await (await worker(directory, 'ls -l /proc/self/fd')).exited;
    expect(readFileSync(join(directory, 'out'), 'utf8')).not.toContain('secret');
  });
});

describe('what cannot be started', () => {
  it.each([
    ['a missing program', '/nowhere/at/all', []],
    ['a file that is no program', import.meta.filename, []],
    ['an argument that is too long', '/bin/true', ['x'.repeat(300_000)]],
    ['an argument with a NUL', '/bin/true', ['a\0b']],
  ])('%s is COMMAND_FAILED', async (_, file, args) => {
    const directory = scratch();
    const options = { cwd: directory, env: plainEnv() };
    const errors = [
      await startWorker(file, args, { ...options, ...files(directory) }).catch((e: unknown) => e),
      await startDetached(file, args, { ...options, log: files(directory).stdout }).catch(
        (e: unknown) => e,
      ),
    ];
    for (const error of errors) {
      expect(toErrorFacts(error)).toMatchObject({ code: 'COMMAND_FAILED' });
      expect(toErrorFacts(error).message).toContain(file);
    }
  });

  it('a missing directory is COMMAND_FAILED', async () => {
    const directory = scratch();
    const options = { cwd: join(directory, 'none'), env: plainEnv(), ...files(directory) };
    const error = await startWorker('/bin/true', [], options).catch((e: unknown) => e);
    expect(toErrorFacts(error)).toMatchObject({ code: 'COMMAND_FAILED' });
  });
});

describe('startDetached', () => {
  it('outlives the process that started it', async () => {
    const directory = scratch();
    const script = join(directory, 'start.mjs');
    writeFileSync(
      script,
      `import { openSync } from 'node:fs';
       const { startDetached } = await import(${JSON.stringify(GROUND)});
       const log = openSync('log', 'a');
       const options = { cwd: process.cwd(), env: { PATH: process.env.PATH }, log };
       const identity = await startDetached('sh', ['-c', 'echo here; exec sleep 300'], options);
       console.log(JSON.stringify(identity));`,
    );
    const starter = startProgram(process.execPath, [script], { cwd: directory });
    const identity = adopt((await starter.next<{ pid: number }>()).pid);
    expect(await starter.exited).toEqual({ code: 0, signal: null });
    expect(isAlive(identity)).toBe(true);
    await eventually('it speaks', () => readFileSync(join(directory, 'log'), 'utf8') === 'here\n');
    process.kill(identity.pid);
    await untilGone(identity);
  });

  it('one that is gone at once never compares as alive', async () => {
    const directory = scratch();
    mkdirSync(join(directory, 'd'));
    const log = descriptor(join(directory, 'log'), 'a');
    for (let round = 0; round < 10; round += 1) {
      const identity = await startDetached('/bin/true', [], { cwd: directory, env: {}, log });
      expect(identity.pid).toBeGreaterThan(0);
      await untilGone(identity);
    }
    expect(isAlive(selfIdentity())).toBe(true);
  });
});
