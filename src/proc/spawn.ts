import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { CcError, errnoOf } from '../core/errors.ts';
import { numberAt, parseJson } from '../core/json.ts';
import { identityOf, type ProcessIdentity } from './identity.ts';

export type SpawnOptions = {
  cwd: string;
  /** The complete environment; nothing is inherited. */
  env: Readonly<Record<string, string>>;
};

export type ExitFacts = { code: number | null; signal: NodeJS.Signals | null };

export type StartedProcess = {
  identity: ProcessIdentity;
  /** Resolves when the process has gone. */
  exited: Promise<ExitFacts>;
  /** The writable end of its stdin where that is a pipe. */
  stdin: NodeJS.WritableStream | undefined;
};

/**
 * Starts a process that must outlive this one: own session, no pipe of ours, not waited for.
 * `log` is a descriptor for its stdout and stderr.
 */
export async function startDetached(
  file: string,
  args: readonly string[],
  options: SpawnOptions & { log: number },
): Promise<ProcessIdentity> {
  const child = start(file, args, {
    ...options,
    detached: true,
    stdio: ['ignore', options.log, options.log],
  });
  const identity = await whenStarted(child, file);
  child.unref();
  return identity;
}

/**
 * Starts a worker. Its stdout and stderr are files, its stdin a fifo (POSIX) or a pipe (Windows,
 * where it must not be detached: it then dies with its supervisor by libuv's job object).
 */
export async function startWorker(
  file: string,
  args: readonly string[],
  options: SpawnOptions & {
    stdin: number | 'pipe';
    stdout: number;
    stderr: number;
    /** bubblewrap is started, which tells on descriptor 3 who the worker is. */
    told?: boolean;
  },
): Promise<StartedProcess> {
  const child = start(file, args, {
    ...options,
    detached: process.platform !== 'win32',
    stdio: [
      options.stdin,
      options.stdout,
      options.stderr,
      ...(options.told ? ['pipe' as const] : []),
    ],
  });
  const exited = new Promise<ExitFacts>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const outer = await whenStarted(child, file);
  const identity = options.told ? ((await toldIdentity(child, exited)) ?? outer) : outer;
  return { identity, exited, stdin: child.stdin ?? undefined };
}

/**
 * The worker inside of bubblewrap, which itself takes no part in anything: a signal to it would not
 * reach the worker. Undefined where it has exited before it said so.
 */
async function toldIdentity(
  child: ChildProcess,
  exited: Promise<ExitFacts>,
): Promise<ProcessIdentity | undefined> {
  const info = child.stdio[3];
  if (info === null || info === undefined || !('read' in info)) return undefined;
  const pid = await new Promise<number | undefined>((resolve) => {
    let text = '';
    info.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const told = numberAt(parseJson(text), 'child-pid');
      if (told !== undefined) resolve(told);
    });
    info.on('error', () => resolve(undefined));
    void exited.then(() => resolve(undefined));
  });
  info.destroy();
  return pid === undefined ? undefined : identityOf(pid);
}

function start(
  file: string,
  args: readonly string[],
  options: SpawnOptions & { detached: boolean; stdio: StdioOptions },
): ChildProcess {
  const { cwd, env, detached, stdio } = options;
  try {
    return spawn(file, args, { cwd, env: { ...env }, detached, stdio, windowsHide: true });
  } catch (error) {
    // Some failures are thrown (arguments too long, a NUL character), the others are events.
    throw startError(file, error);
  }
}

async function whenStarted(child: ChildProcess, file: string): Promise<ProcessIdentity> {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(startError(file, error)));
  });
  // A process that has exited already has no identity; this one then compares as gone, for ever.
  const pid = child.pid ?? 0;
  return identityOf(pid) ?? { pid, start: 'unknown', boot: 'unknown' };
}

function startError(file: string, error: unknown): CcError {
  const code = errnoOf(error);
  return new CcError('COMMAND_FAILED', `Cannot start ${file}${code ? ` (${code})` : ''}.`, {
    hint: 'Check that the program is installed, executable, and that its working directory exists.',
    cause: error,
  });
}
