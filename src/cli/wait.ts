import { parseArgs } from 'node:util';
import { CcError, EXIT } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import { isFinal, type RunState } from '../core/vocabulary.ts';
import type { FoundRun } from '../runs/find.ts';
import { waitForRuns } from '../runs/wait.ts';
import type { ToldView } from '../runs/wait-answer.ts';
import { acknowledge, nothingToWaitFor, runsToWaitFor } from '../runs/wait-set.ts';
import type { Host } from '../workspace/host.ts';
import { resolvePlace } from '../workspace/resolve.ts';
import { INTERRUPTED, untilInterrupted } from './interrupt.ts';
import { renderProgress, runLine, type Screen } from './render.ts';

/** As coreutils' `timeout` has it. */
const TIME_WAS_UP = 124;

type WaitOptions = {
  runIds: string[] | undefined;
  any: boolean;
  timeoutMs: number;
  cwd: string | undefined;
  json: boolean;
};

/**
 * `cc-orchestrator wait`: costs a controller no tokens, because its shell wakes it. What was printed
 * counts as told.
 */
export function wait(args: readonly string[], host: Host, screen: Screen): Promise<number> {
  const options = parse(args);
  return untilInterrupted(async (signal) => {
    const workflow = workflowOf(options.runIds);
    if (workflow === undefined) return follow(host, options, screen, signal);
    const { waitForWorkflow } = await import('./wait-workflow.ts');
    const { cwd, timeoutMs, json } = options;
    const near =
      cwd === undefined
        ? undefined
        : resolvePlace({ cwd, env: host.env, processCwd: process.cwd() });
    return waitForWorkflow(host, workflow, { near, timeoutMs, json, timeUp: TIME_WAS_UP }, signal);
  });
}

/** The workflow that is waited for, where it is one. */
function workflowOf(ids: readonly string[] | undefined): string | undefined {
  const found = ids?.find((id) => id.startsWith('wf_'));
  if (found === undefined || ids?.length === 1) return found;
  throw new CcError('BAD_INPUT', 'wait takes run ids, or one workflow id.', {
    hint: `For example: cc-orchestrator wait ${found}`,
  });
}

async function follow(
  host: Host,
  { runIds, any, timeoutMs, cwd, json }: WaitOptions,
  screen: Screen,
  signal: AbortSignal,
): Promise<number> {
  const near =
    runIds === undefined || cwd !== undefined
      ? resolvePlace({ cwd, env: host.env, processCwd: process.cwd() }).workspace
      : undefined;
  const threadId = undefined;
  const set = await runsToWaitFor(host, { runIds, near, threadId, cursor: undefined });
  const runs: FoundRun[] = set.runs.filter((run) => !set.quiet.has(run.record.run_id));
  if (runs.length === 0) throw nothingToWaitFor();
  const told: ToldView[] = [];
  const until = host.clock.monotonic() + timeoutMs;
  let cursor: string | undefined;
  if (screen.isTTY) process.stderr.write(renderProgress(waitingFor(runs.length), screen));
  for (;;) {
    const left = until - host.clock.monotonic();
    const result = await waitForRuns(host, { runs, until: 'any', cursor, timeoutMs: left, signal });
    cursor = result.cursor;
    const news = result.changed.filter(isToBeTold);
    await print(news.map((view) => (json ? JSON.stringify(view) : runLine(view))));
    // What is on its way to the shell is told; nothing else of ours will tell it again.
    await acknowledge(host, { near, threadId, cursor });
    told.push(...news);
    if (result.reason === 'all_ended' || (any && news.some(isTheEnd))) break;
    if (signal.aborted) {
      const active = result.active.length + (result.active_omitted ?? 0);
      process.stderr.write(
        renderProgress(`left; ${plural(active, 'run goes on', 'runs go on')}`, screen),
      );
      return INTERRUPTED;
    }
    if (host.clock.monotonic() >= until) return TIME_WAS_UP;
  }
  const ends = told.filter(isTheEnd);
  return ends.every((view) => view.state === 'succeeded') ? EXIT.ok : EXIT.checkFailed;
}

/** A task that goes on elsewhere is judged there. */
function isTheEnd({ moved_to }: ToldView): boolean {
  return moved_to === undefined;
}

function isToBeTold({ state }: ToldView): boolean {
  return isFinal(state as RunState) || state === 'waiting_answer';
}

async function print(lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(`${lines.join('\n')}\n`, (error) => (error ? reject(error) : resolve()));
  });
}

function waitingFor(count: number): string {
  return `waiting for ${plural(count, 'run')}; Ctrl-C ends the waiting only`;
}

function parse(args: readonly string[]): WaitOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      any: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      timeout: { type: 'string' },
      cwd: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.any && values.all) {
    throw new CcError('BAD_INPUT', 'Both --any and --all were given.', {
      hint: 'Give one of them.',
    });
  }
  const seconds = values.timeout === undefined ? Number.POSITIVE_INFINITY : Number(values.timeout);
  if (!(seconds > 0)) {
    throw new CcError('BAD_INPUT', '--timeout is no number of seconds above 0.', {
      hint: 'For example --timeout 600; leave it out to wait as long as it takes.',
    });
  }
  return {
    runIds: positionals.length === 0 ? undefined : positionals,
    any: values.any,
    timeoutMs: seconds * 1000,
    cwd: values.cwd,
    json: values.json,
  };
}
