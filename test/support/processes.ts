import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { identityOf, type ProcessIdentity, stateOf } from '../../src/proc/identity.ts';
import { killProcess } from '../../src/proc/terminate.ts';
import { PATIENCE_MS } from './patience.ts';

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

/** A fixture process: told things by lines on its stdin, tells things by lines of JSON. */
export class Fixture {
  readonly child: ChildProcess;
  readonly identity: ProcessIdentity;
  readonly exited: Promise<Exit>;
  readonly #lines: string[] = [];
  readonly #reader: Interface;
  #waiting: (() => void) | undefined;
  #ended = false;

  constructor(child: ChildProcess) {
    this.child = child;
    this.identity = identify(child.pid ?? 0);
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    if (child.stdout === null) throw new Error('the fixture has no stdout');
    child.stdin?.on('error', () => undefined);
    this.#reader = createInterface({ input: child.stdout });
    this.#reader.on('line', (line) => {
      this.#lines.push(line);
      this.#waiting?.();
    });
    this.#reader.on('close', () => {
      this.#ended = true;
      this.#waiting?.();
    });
  }

  get pid(): number {
    return this.identity.pid;
  }

  say(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** The next line it says, parsed. */
  async next<T>(): Promise<T> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return JSON.parse(line) as T;
      if (this.#ended) throw new Error('the fixture ended without saying what was expected');
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  async ask<T>(line: string): Promise<T> {
    this.say(line);
    return this.next<T>();
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}

type StartOptions = { env?: Record<string, string>; cwd?: string };

/**
 * Runs a fixture that imports `kill-at.mjs` and is killed before one change of the disk after the other:
 * each of the last ones, where work is handed over, and some of those before. `check` is called after each.
 */
export async function killedAtEveryStep(
  name: string,
  args: readonly string[],
  prepare: () => void | Promise<void>,
  check: (about: string) => Promise<void>,
): Promise<void> {
  const { stride, last } = { stride: 12, last: 16 };
  await prepare();
  const changes = await startFixture(name, args).next<number>();
  const points = Array.from({ length: changes }, (_, index) => index + 1).filter(
    (at) => at % stride === 1 || at > changes - last,
  );
  for (const at of points) {
    await prepare();
    const killed = await startFixture(name, args, { env: { CC_KILL_AT: `${at}` } }).exited;
    if (killed.signal !== 'SIGKILL') throw new Error(`${name} was not killed at ${at}`);
    await check(`killed at ${at} of ${changes}`);
  }
}

/** Starts `test/fixtures/bin/<name>.mjs`; the process is gone when the test is over. */
export function startFixture(
  name: string,
  args: readonly string[],
  options: StartOptions = {},
): Fixture {
  return startProgram(process.execPath, [fixturePath(name), ...args], options);
}

export function startProgram(
  file: string,
  args: readonly string[],
  options: StartOptions = {},
): Fixture {
  const child = spawn(file, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...plainEnv(), ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const fixture = new Fixture(child);
  onTestFinished(() => fixture.kill());
  return fixture;
}

export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../fixtures/bin/${name}.mjs`, import.meta.url));
}

export function plainEnv(): Record<string, string> {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin' };
}

/** The identity of a process that must be alive; it is gone when the test is over. */
export function adopt(pid: number): ProcessIdentity {
  const identity = identify(pid);
  onTestFinished(async () => {
    await killProcess(identity);
  });
  return identity;
}

/** Waits until `check` holds; fails with its last value after `timeoutMs`. */
export async function eventually(
  what: string,
  check: () => boolean | Promise<boolean>,
  timeoutMs = PATIENCE_MS,
): Promise<void> {
  const until = performance.now() + timeoutMs;
  while (!(await check())) {
    if (performance.now() > until) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/**
 * Tries with more and more time what is to be cut off in the middle, until it had begun before that: on
 * a busy machine a short time is over before anything has come up.
 */
export async function cutOff<T>(
  attempt: (ms: number) => Promise<T>,
  hasBegun: (result: T) => boolean,
  times: readonly number[] = [300, 3000, 20_000],
): Promise<T> {
  for (const ms of times) {
    const result = await attempt(ms);
    if (hasBegun(result)) return result;
  }
  throw new Error('it never began');
}

export async function untilGone(identity: ProcessIdentity): Promise<void> {
  await eventually(`process ${identity.pid} is gone`, () => stateOf(identity) === 'gone');
}

function identify(pid: number): ProcessIdentity {
  const identity = pid > 0 ? identityOf(pid) : undefined;
  if (identity === undefined) throw new Error(`no living process ${pid}`);
  return identity;
}

/**
 * Once a command of ours listens for signals: one that has hardly begun is ended by them itself. Node
 * catches SIGINT from its first moment; SIGHUP (bit 0) is caught only by us, after the others. Linux.
 */
export async function listensForSignals(pid: number | undefined): Promise<void> {
  await eventually(`process ${pid} listens for signals`, () => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const caught = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
    return (caught & 1n) !== 0n;
  });
}
