import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toErrorFacts } from '../../core/errors.ts';
import { digestOf, isId } from '../../core/ids.ts';
import { createRedactor } from '../../core/redact.ts';
import { neutralise } from '../../core/text.ts';
import { terminateTree } from '../../proc/terminate.ts';
import { becomeOwner } from '../../runs/supervise/ownership.ts';
import { makeWorktree } from '../../runs/worktrees/make.ts';
import { portsOf, setUpCopy } from '../../runs/worktrees/set-up.ts';
import { dropWorktree } from '../../runs/worktrees/store.ts';
import { makePrivateDir, writeFileAtomic } from '../../store/atomic.ts';
import { DirectoryWatcher } from '../../store/watch.ts';
import { readResults } from '../../verification/results/read-results.ts';
import { COMMAND_COOKIE, type Ran, runProgram } from '../../verification/running/command.ts';
import { commandEnvironment } from '../../verification/running/environment.ts';
import { type Program, shellCommand } from '../../verification/running/shell.ts';
import type { Host } from '../../workspace/host.ts';
import { workspaceAt } from '../../workspace/layout.ts';
import { readPolicy } from '../../workspace/policy.ts';
import {
  type CommandExit,
  type CommandJob,
  type CommandPaths,
  commandPaths,
  readJob,
  writeExit,
} from './job.ts';

const TAIL_CHARS = 4000;
/** The longest a timer of Node can wait: 24 days. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * The whole life of the process that carries out a command: become its owner, run it once, write down
 * how it ended. It outlives whoever started it. A command whose owner vanished while it ran is ended and
 * called interrupted: nobody knows how far it had come, so nobody runs it again by themselves.
 */
export async function carryOutCommand(host: Host, dir: string): Promise<void> {
  const paths = commandPaths(dir);
  const lease = await becomeOwner(paths);
  if (lease === undefined) return;
  try {
    if (existsSync(paths.exit)) return;
    await writeExit(paths, await carriedOut(host, paths, await readJob(paths)));
  } finally {
    lease.release();
  }
}

async function carriedOut(host: Host, paths: CommandPaths, job: CommandJob): Promise<CommandExit> {
  const cookie = digestOf(job.key);
  if (existsSync(paths.begun)) {
    await terminateTree({ root: undefined, cookie: { name: COMMAND_COOKIE, value: cookie } });
    await dropCopyOf(host, paths);
    return unfinished(job, 'It was interrupted: the process that carried it out vanished.');
  }
  if (existsSync(paths.stop)) return unfinished(job, 'It was stopped before it had begun.');
  await writeFileAtomic(paths.begun, '', { durable: true });
  const stopping = new AbortController();
  const watcher = new DirectoryWatcher([paths.dir]);
  const watching = untilStopped(paths, watcher, stopping);
  try {
    return await inItsPlace(host, paths, job, { cookie, signal: stopping.signal });
  } catch (error) {
    return unfinished(job, toErrorFacts(error).message);
  } finally {
    stopping.abort();
    watcher.close();
    await watching;
  }
}

async function untilStopped(
  { stop }: CommandPaths,
  watcher: DirectoryWatcher,
  stopping: AbortController,
): Promise<void> {
  while (!stopping.signal.aborted) {
    if (existsSync(stop)) return stopping.abort();
    await watcher.changed();
  }
}

async function inItsPlace(
  host: Host,
  paths: CommandPaths,
  job: CommandJob,
  { cookie, signal }: Pick<Where, 'cookie' | 'signal'>,
): Promise<CommandExit> {
  if (job.isolation === 'shared') return run(host, job, { cwd: job.cwd, cookie, signal });
  const { workspace } = job;
  const place = { workspace: workspaceAt(workspace), cwd: job.cwd };
  const { worktree, cwd } = await makeWorktree(host, place, { asItIs: true });
  try {
    await writeFileAtomic(paths.begun, worktree.id, { durable: true });
    await setUpCopy(host, { worktree, workspace, cookie });
    return await run(host, job, { cwd, cookie, signal, more: portsOf({ worktree }) });
  } finally {
    await dropWorktree(host, worktree.id);
  }
}

/** What it worked in, as far as it had come to that; a copy that was only half made is found by its age. */
async function dropCopyOf(host: Host, { begun }: CommandPaths): Promise<void> {
  const id = await readFile(begun, 'utf8').catch(() => '');
  if (isId(id, 'tree')) await dropWorktree(host, id).catch(() => undefined);
}

type Where = { cwd: string; cookie: string; signal: AbortSignal; more?: Record<string, string> };

async function run(
  host: Host,
  job: CommandJob,
  { cwd, cookie, signal, more }: Where,
): Promise<CommandExit> {
  const { env, secrets } = await commandEnvironment(host, await readPolicy(host.home));
  const redact = createRedactor(secrets);
  await makePrivateDir(job.output);
  const ran = await runProgram(
    programOf(job),
    { cwd, env: { ...env, ...more, ...job.env }, cookie, redact, signal },
    {
      timeoutMs: job.timeout_seconds === null ? NO_TIMEOUT_MS : job.timeout_seconds * 1000,
      stdout: join(job.output, 'stdout.txt'),
      stderr: join(job.output, 'stderr.txt'),
    },
  );
  const results = await readResults(cwd, ran.text, ran.since);
  const words = redact(neutralise(ran.text)).trim().slice(-TAIL_CHARS);
  const text = [remarkOn(ran, job, signal), words].filter((part) => part !== '').join('\n');
  const { passed, failed, skipped } = results?.counts ?? {};
  return {
    key: job.key,
    exit_code: ran.timed_out || signal.aborted ? null : ran.exit_code,
    elapsed_ms: Math.round(ran.seconds * 1000),
    output_tail: text,
    ...(passed === undefined || failed === undefined || skipped === undefined
      ? {}
      : { tests: { passed, failed, skipped } }),
  };
}

function programOf({ command }: CommandJob): Program {
  if (typeof command === 'string') return shellCommand(command);
  const [file = '', ...args] = command;
  return { file, args };
}

function remarkOn(ran: Ran, { timeout_seconds }: CommandJob, signal: AbortSignal): string {
  if (ran.start_error !== undefined) return ran.start_error;
  if (ran.timed_out) return `It did not end within ${timeout_seconds} s.`;
  if (signal.aborted) return 'It was stopped.';
  return ran.signal === null ? '' : `It ended by ${ran.signal}.`;
}

function unfinished({ key }: CommandJob, output_tail: string): CommandExit {
  return { key, exit_code: null, elapsed_ms: 0, output_tail };
}
