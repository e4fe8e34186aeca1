import { CcError } from '../core/errors.ts';
import { lazy } from '../core/lazy.ts';
import { identityOf } from './identity.ts';
import { freeze, terminateTree } from './terminate.ts';

export type CommandResult = {
  exitCode: number | undefined;
  signal: string | undefined;
  stdout: string;
  stderr: string;
  timedOut: boolean;
  /** Output was longer than `maxBytes` and cut. */
  truncated: boolean;
  durationMs: number;
  /** Processes it left behind, which were ended; only where it had a cookie. */
  swept: number;
};

export type CommandOptions = {
  cwd: string;
  /** The complete environment; nothing is inherited. */
  env: Readonly<Record<string, string>>;
  timeoutMs: number;
  maxBytes?: number;
  signal?: AbortSignal;
  /** What it reads on stdin; nothing by default. */
  input?: string;
  /** Gets its output as it comes; the result holds it as well. */
  onStdout?: (chunk: Buffer) => void;
  onStderr?: (chunk: Buffer) => void;
  /** The listeners alone get the output, however much it is; the result holds none. */
  streamOnly?: boolean;
  /**
   * A variable of its environment by which everything it starts is found: at its end nothing of it is
   * left. It then has a session of its own, so that no signal it sends to its group can reach us.
   */
  cookie?: { name: string; value: string };
};

type Execa = typeof import('execa').execa;
const loadExeca = /* @__PURE__ */ lazy(() => import('execa'));

/** How long output is waited for after the command has gone, where something it left behind holds it. */
const DRAIN_MS = 500;

/**
 * Runs a short helper command to its end. Its stdin is empty unless told, so that it can never eat
 * what was meant for us. A non-zero exit is a result, not an error; only a command that cannot be started throws.
 *
 * The end is the exit of the command itself. At the timeout (or abort) all that it started is ended
 * with it; a process it left behind holds up neither.
 */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const { execa } = await loadExeca();
  const command = start(execa, file, args, options);
  const { onStdout, onStderr, cookie } = options;
  if (onStdout !== undefined) command.stdout.on('data', onStdout);
  if (onStderr !== undefined) command.stderr.on('data', onStderr);
  let timedOut = false;
  const end = () => void endTree(command.pid, cookie);
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, options.timeoutMs);
  options.signal?.addEventListener('abort', end, { once: true });
  if (options.signal?.aborted) end();
  const closeOutput = () => {
    command.stdout.destroy();
    command.stderr.destroy();
  };
  let drain: NodeJS.Timeout | undefined;
  command.once('exit', () => {
    clearTimeout(timer);
    // Not in the timer itself: after a busy moment it would come before output that is already there.
    drain = setTimeout(() => setImmediate(closeOutput), DRAIN_MS);
  });
  const left =
    cookie === undefined
      ? undefined
      : new Promise<void>((resolve) => command.once('exit', resolve)).then(() =>
          terminateTree({ root: undefined, cookie }),
        );
  const result = await command;
  clearTimeout(timer);
  clearTimeout(drain);
  options.signal?.removeEventListener('abort', end);
  if (result.exitCode === undefined && result.signal === undefined && !result.isMaxBuffer) {
    throw notStarted(file, options.cwd, result);
  }
  return {
    exitCode: result.exitCode,
    signal: result.signal,
    stdout: result.stdout ?? '',
    stderr: result.stderr ?? '',
    timedOut,
    truncated: result.isMaxBuffer,
    durationMs: Math.round(result.durationMs),
    swept: (await left)?.swept ?? 0,
  };
}

function start(execa: Execa, file: string, args: readonly string[], options: CommandOptions) {
  try {
    return execa(file, args, {
      cwd: options.cwd,
      env:
        options.cookie === undefined
          ? options.env
          : { ...options.env, [options.cookie.name]: options.cookie.value },
      extendEnv: false,
      detached: options.cookie !== undefined && process.platform !== 'win32',
      buffer: options.streamOnly !== true,
      ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
      reject: false,
      forceKillAfterDelay: 2000,
      maxBuffer: options.maxBytes ?? 1 << 20,
      windowsHide: true,
    });
  } catch (cause) {
    throw notStarted(file, options.cwd, { cause }); // an argument with a NUL character
  }
}

async function endTree(pid: number | undefined, cookie: CommandOptions['cookie']): Promise<void> {
  const root = pid === undefined ? undefined : identityOf(pid);
  if (root === undefined) return;
  // Without a cookie a child that it starts after the look at its children would be lost.
  if (process.platform !== 'win32') await freeze(root);
  await terminateTree({ root, ...(cookie === undefined ? {} : { cookie }) });
}

function notStarted(
  file: string,
  cwd: string,
  result: { code?: string | undefined; cause?: unknown },
): CcError {
  return new CcError(
    'COMMAND_FAILED',
    `Cannot start ${file} in ${cwd}${result.code === undefined ? '' : ` (${result.code})`}.`,
    { hint: 'Check that the program is installed and the directory exists.', cause: result.cause },
  );
}
