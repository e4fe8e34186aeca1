import { CcError } from '../core/errors.ts';
import { lazy } from '../core/lazy.ts';
import { gitFailure, gitTimeout } from './failure.ts';
import { GUARDS, withSafeFlags } from './guards.ts';

const loadSimpleGit = /* @__PURE__ */ lazy(() => import('simple-git'));

export type GitOutput = { stdout: Buffer; stderr: string; exitCode: number; cut: boolean };

export type RunOptions = {
  /** Exit codes that are an answer and not a failure. Default: 0. */
  okCodes?: readonly number[];
  timeoutMs?: number;
  /** More output than this is a failure, or ends the command where `cutAtLimit` is set. */
  maxBytes?: number;
  cutAtLimit?: boolean;
  input?: string;
  signal?: AbortSignal;
};

const TIMEOUT_MS = 60_000;
const MAX_BYTES = 64 * 1024 * 1024;
const MAX_STDERR_BYTES = 8 * 1024 * 1024;
const KILL_GRACE_MS = 2_000;

/** One git command in exactly this environment, bounded in time and output. */
export async function runGit(
  cwd: string,
  environment: Record<string, string>,
  args: readonly string[],
  options: RunOptions,
): Promise<GitOutput> {
  const { okCodes = [0], timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES, signal } = options;
  const stop = new AbortController();
  const out = { chunks: [] as Buffer[], bytes: 0, cut: false };
  const command = withSafeFlags(args);
  const started = performance.now();
  let stderr = '';
  let stderrBytes = 0;
  let exitCode = 0;

  const { simpleGit } = await loadSimpleGit();
  const git = simpleGit(cwd, {
    ...GUARDS,
    allowEnvironment: Object.keys(environment),
    abort: stop.signal,
    // Absolute, not since the last byte: a command that trickles forever must end too.
    timeout: { block: timeoutMs, stdErr: false, stdOut: false },
    completion: { onClose: true, onExit: false },
    errors: (error, result) => {
      exitCode = result.exitCode;
      stderr = Buffer.concat(result.stdErr).toString('utf8');
      // What simple-git itself makes of exit code and stderr is not asked; only that it ended git.
      if (error instanceof Error && 'plugin' in error) return error;
      return okCodes.includes(exitCode) ? undefined : new Error(`exit ${exitCode}`);
    },
    ...(options.input === undefined ? {} : { input: () => options.input }),
  })
    .env(environment)
    .outputHandler((_command, stdout, complaints) => {
      stdout.on('data', (chunk: Buffer) => {
        if (out.cut) return;
        const room = maxBytes - out.bytes;
        out.cut = chunk.length > room;
        out.chunks.push(out.cut ? chunk.subarray(0, room) : chunk);
        out.bytes += Math.min(chunk.length, room);
        if (out.cut) stop.abort();
      });
      // simple-git lets 50 ms pass after a command without output, in case some is still to come.
      stdout.once('end', () => stdout.emit('data', Buffer.alloc(0)));
      complaints.on('data', (chunk: Buffer) => {
        stderrBytes += chunk.length;
        if (stderrBytes > MAX_STDERR_BYTES) stop.abort();
      });
    });

  const abort = () => stop.abort();
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) stop.abort();
  // Someone may still hold git's output open after git itself was ended; do not wait for them.
  const backstop = deadline(timeoutMs + KILL_GRACE_MS);
  try {
    await Promise.race([git.raw(command), backstop.passed]);
  } catch (error) {
    if (signal?.aborted) throw new CcError('CANCELLED', 'The git command was cancelled.');
    // Ended by us for having said enough: no failure of git's.
    if (!out.cut) {
      if (performance.now() - started < timeoutMs) {
        throw gitFailure(args, cwd, exitCode, stderr, error);
      }
      stop.abort();
      throw gitTimeout(args, timeoutMs);
    }
  } finally {
    backstop.clear();
    signal?.removeEventListener('abort', abort);
  }
  if (out.cut && options.cutAtLimit !== true) throw tooMuch(args, maxBytes);
  return { stdout: Buffer.concat(out.chunks), stderr, exitCode, cut: out.cut };
}

function tooMuch(args: readonly string[], maxBytes: number): CcError {
  return new CcError('LIMIT_REACHED', `git ${args[0]} answered more than ${maxBytes} bytes.`, {
    hint: 'Add generated files to .gitignore, or look at a smaller directory.',
  });
}

function deadline(ms: number): { passed: Promise<never>; clear(): void } {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('deadline')), ms);
  });
  return { passed, clear: () => clearTimeout(timer) };
}
