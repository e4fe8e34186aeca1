import { toErrorFacts } from '../../core/errors.ts';
import type { Redactor } from '../../core/redact.ts';
import { neutralise } from '../../core/text.ts';
import { endAtExit } from '../../proc/at-exit.ts';
import { runCommand } from '../../proc/command.ts';
import { writeFileAtomic } from '../../store/atomic.ts';
import { BoundedOutput } from './bounded-output.ts';
import { type Program, shellCommand } from './shell.ts';

/** By it everything that our commands start is found. */
export const COMMAND_COOKIE = 'CC_ORCHESTRATOR_VERIFY';

export type CommandPlace = {
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** Unique: what carries it is ended with the command. */
  cookie: string;
  redact: Redactor;
  signal: AbortSignal;
};

export type Ran = {
  exit_code: number | null;
  signal: string | null;
  timed_out: boolean;
  /** Why it could not be started. */
  start_error?: string;
  seconds: number;
  /** What it said, both streams, shortened in the middle, not redacted. */
  text: string;
  truncated: boolean;
  swept: number;
  /** When it was started, in ms since 1970. */
  since: number;
};

type RunOptions = { timeoutMs: number; stdout: string; stderr: string };

/** Runs one line of a user's in the shell of the system, as `runProgram` does. */
export function runLine(line: string, place: CommandPlace, options: RunOptions): Promise<Ran> {
  return runProgram(shellCommand(line), place, options);
}

/**
 * Runs what a user wrote to its end, stores what it said (redacted), and leaves no process behind,
 * whatever it or the code it runs starts.
 */
export async function runProgram(
  { file, args }: Program,
  { cwd, env, cookie, redact, signal }: CommandPlace,
  options: RunOptions,
): Promise<Ran> {
  const out = new BoundedOutput();
  const errors = new BoundedOutput();
  const mark = { name: COMMAND_COOKIE, value: cookie };
  const keep = endAtExit(mark, () => undefined);
  const since = Date.now();
  const result = await runCommand(file, args, {
    cwd,
    env,
    timeoutMs: options.timeoutMs,
    signal,
    streamOnly: true,
    onStdout: (chunk) => out.add(chunk),
    onStderr: (chunk) => errors.add(chunk),
    cookie: mark,
  }).catch((error: unknown) => toErrorFacts(error).message);
  keep();
  const texts = [out.text(), errors.text()] as const;
  await Promise.all([
    writeFileAtomic(options.stdout, redact(neutralise(texts[0]))),
    writeFileAtomic(options.stderr, redact(neutralise(texts[1]))),
  ]);
  const ended = typeof result === 'string' ? undefined : result;
  return {
    exit_code: ended?.exitCode ?? null,
    signal: ended?.signal ?? null,
    timed_out: ended?.timedOut ?? false,
    ...(typeof result === 'string' ? { start_error: result } : {}),
    seconds: Math.round((ended?.durationMs ?? 0) / 100) / 10,
    text: `${texts[0]}\n${texts[1]}`,
    truncated: out.truncated || errors.truncated,
    swept: ended?.swept ?? 0,
    since,
  };
}
