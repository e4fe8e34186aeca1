import { execa } from 'execa';
import { CcError } from '../core/errors.ts';

export type CommandResult = {
  exitCode: number | undefined;
  signal: string | undefined;
  stdout: string;
  stderr: string;
  timedOut: boolean;
  /** Output was longer than `maxBytes` and cut. */
  truncated: boolean;
  durationMs: number;
};

export type CommandOptions = {
  cwd: string;
  /** The complete environment; nothing is inherited. */
  env: Readonly<Record<string, string>>;
  timeoutMs: number;
  maxBytes?: number;
  signal?: AbortSignal;
};

/**
 * Runs a short helper command to its end. Its stdin is empty, so that it can never eat what was
 * meant for us. A non-zero exit is a result, not an error; only a command that cannot be started throws.
 */
export async function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const result = await execa(file, args, {
    cwd: options.cwd,
    env: options.env,
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    timeout: options.timeoutMs,
    forceKillAfterDelay: 2000,
    maxBuffer: options.maxBytes ?? 1 << 20,
    windowsHide: true,
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  });
  if (result.exitCode === undefined && result.signal === undefined && !result.timedOut) {
    if (!result.isMaxBuffer && !result.isCanceled) throw notStarted(file, options.cwd, result);
  }
  return {
    exitCode: result.exitCode,
    signal: result.signal,
    stdout: result.stdout,
    stderr: result.stderr,
    timedOut: result.timedOut,
    truncated: result.isMaxBuffer,
    durationMs: Math.round(result.durationMs),
  };
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
