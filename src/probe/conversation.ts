import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, isoTime } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { isObject, parseJson } from '../core/json.ts';
import { type CommandResult, runCommand } from '../proc/command.ts';
import { withWallGuard } from '../proc/wall-guard.ts';
import { applyEvent } from '../runs/apply-event.ts';
import { judgeEnding } from '../runs/outcome.ts';
import { emptyProgress, type Progress, usageSoFar } from '../runs/progress.ts';
import type { RunOutcome } from '../runs/record.ts';
import {
  addLine,
  type ConversationFacts,
  emptyFacts,
} from '../workers/claude/conversation-facts.ts';
import { normaliseLine } from '../workers/claude/normalise.ts';
import { probeArguments } from '../workers/claude/probe-arguments.ts';
import { probeVariables } from '../workers/claude/probe-environment.ts';
import { inProbePlace } from '../workers/claude/probe-place.ts';
import { addUsage } from '../workers/claude/usage.ts';
import type { TokenCount, UsageByModel } from '../workers/events.ts';
import { LineSplitter } from './line-splitter.ts';
import { type ProbeTask, SYSTEM_PROMPT } from './tasks.ts';

/** The worker CLI with one profile. `env` holds credentials and stays in this process. */
export type ProbeWorker = {
  path: string;
  version: string;
  env: Readonly<Record<string, string>>;
  model: string;
  officialLogin: boolean;
  /** Hides the profile's credentials in a raw line, before anything is cut out of it. */
  hide: (line: Buffer) => Buffer;
  /** Where the directory of a conversation may be made. */
  tmp: string | undefined;
  clock: Clock;
};

export type ProbeLimits = {
  wallMs: number;
  /** Asked after every line: the conversation is ended by the answer with which this is true. */
  isTooMuch: (used: TokenCount) => boolean;
  signal: AbortSignal;
};

/** A conversation that is over, and everything a verdict may rest on. */
export type Conversation = {
  task: ProbeTask;
  facts: ConversationFacts;
  progress: Progress;
  /** How it ended, by the rules for runs: stream facts first, then exit facts, then stderr. */
  failure: RunOutcome['failure'];
  /** What ended it: itself, or one of our limits. */
  ended: 'itself' | 'time' | 'cap' | 'output';
  usage: UsageByModel;
  /** The usage is what the CLI summed up at its end, and no lower bound. */
  complete: boolean;
  seconds: number;
};

const PREFIX = 'cc-probe-';
/** Longer than any test may take. */
const ABANDONED_MS = 60 * 60_000;
/** More than any test says, partial messages included. */
const OUTPUT_BYTES = 4 << 20;
const STDERR_CHARS = 2000;
/** The guard ends what a test left behind whose own process was killed. */
const GUARD_MARGIN_SECONDS = 5;
/** Two requests of a conversation may each wait this part of its time. */
const PATIENCE = 0.4;

/** Gives a task to the worker CLI in a directory of its own; nothing is left of it afterwards. */
export async function converse(
  worker: ProbeWorker,
  task: ProbeTask,
  limits: ProbeLimits,
): Promise<Conversation> {
  const place = { tmp: worker.tmp, prefix: PREFIX, abandonedMs: ABANDONED_MS };
  return inProbePlace(place, ({ root, cookie }) => listen(worker, task, limits, root, cookie));
}

async function listen(
  worker: ProbeWorker,
  task: ProbeTask,
  limits: ProbeLimits,
  root: string,
  cookie: { name: string; value: string },
): Promise<Conversation> {
  const { clock } = worker;
  const started = clock.monotonic();
  const facts = emptyFacts();
  const progress = emptyProgress();
  const enough = new AbortController();
  const stop = () => enough.abort();
  limits.signal.addEventListener('abort', stop, { once: true });
  if (limits.signal.aborted) stop();
  const lines = new LineSplitter((line) => {
    note(facts, progress, worker.hide(line), clock);
    if (progress.turn_end === undefined && limits.isTooMuch(sumOf(facts))) stop();
  });
  let bytes = 0;
  let result: CommandResult;
  try {
    result = await start(worker, task, limits, root, cookie, {
      signal: enough.signal,
      onStdout: (chunk) => {
        bytes += chunk.length;
        if (bytes <= OUTPUT_BYTES) lines.add(chunk);
        else stop();
      },
    });
  } finally {
    limits.signal.removeEventListener('abort', stop);
  }
  if (limits.signal.aborted) throw new CcError('CANCELLED', 'The test was interrupted.');
  const complete = progress.turn_end !== undefined;
  return {
    task,
    facts,
    progress,
    failure: failureOf(progress, result, worker),
    ended: endedBy(result, { complete, tooLong: bytes > OUTPUT_BYTES }, enough.signal.aborted),
    usage: complete ? usageSoFar(progress) : lowerBound(facts),
    complete,
    seconds: Math.round((clock.monotonic() - started) / 100) / 10,
  };
}

async function start(
  worker: ProbeWorker,
  task: ProbeTask,
  { wallMs }: ProbeLimits,
  root: string,
  cookie: { name: string; value: string },
  listener: { signal: AbortSignal; onStdout: (chunk: Buffer) => void },
): Promise<CommandResult> {
  const [cwd, configDir, tmpDir] = ['w', 'c', 't'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  for (const directory of [cwd, configDir, tmpDir]) await mkdir(directory, { mode: 0o700 });
  for (const [name, text] of Object.entries(task.files)) await writeFile(join(cwd, name), text);
  const args = probeArguments({ ...worker, ...task, systemPrompt: SYSTEM_PROMPT });
  const guarded = withWallGuard(
    { file: worker.path, args },
    wallMs / 1000 + GUARD_MARGIN_SECONDS,
    cookie,
  );
  return runCommand(guarded.file, guarded.args, {
    cwd,
    env: {
      ...worker.env,
      ...probeVariables({
        cookie: cookie.value,
        tmpDir,
        configDir: worker.officialLogin ? undefined : configDir,
        patienceMs: task.single ? wallMs : wallMs * PATIENCE,
        maxOutputTokens: task.maxOutputTokens,
        single: task.single,
      }),
    },
    timeoutMs: wallMs,
    // A command that ignores its broken pipe is not ended by this limit, so ours comes first.
    maxBytes: 2 * OUTPUT_BYTES,
    input: task.prompt(cwd),
    ...listener,
  });
}

function note(facts: ConversationFacts, progress: Progress, line: Buffer, clock: Clock): void {
  const event = normaliseLine(line);
  const seq = progress.seq + 1;
  applyEvent(progress, { ...event, seq, epoch: 1, time: isoTime(clock.now()) });
  const raw = parseJson(line.toString('utf8'));
  if (isObject(raw)) addLine(facts, raw, clock.monotonic());
}

function endedBy(
  result: CommandResult,
  { complete, tooLong }: { complete: boolean; tooLong: boolean },
  stopped: boolean,
): Conversation['ended'] {
  // It was over before the limit took effect.
  if (complete) return 'itself';
  if (tooLong) return 'output';
  if (result.timedOut) return 'time';
  return stopped ? 'cap' : 'itself';
}

function failureOf(progress: Progress, result: CommandResult, { clock, hide }: ProbeWorker) {
  applyEvent(progress, {
    seq: progress.seq + 1,
    epoch: 1,
    time: isoTime(clock.now()),
    type: 'cc.worker.exited',
    code: result.exitCode ?? null,
    signal: result.signal ?? null,
  });
  const stderrTail = hide(Buffer.from(result.stderr)).toString('utf8').slice(-STDERR_CHARS);
  return judgeEnding({ progress, changedFiles: null, allowWrite: false, stderrTail }).failure;
}

/** Tokens of all answers so far. */
function sumOf(facts: ConversationFacts): TokenCount {
  return totalOf(lowerBound(facts));
}

/** What the answers said they used, where the worker did not come to sum it up. */
function lowerBound({ open }: ConversationFacts): UsageByModel {
  let usage: UsageByModel = {};
  for (const { model, input, output, cache_read, cache_write } of open.values()) {
    const fresh = input - cache_read - cache_write;
    usage = addUsage(usage, { [model]: { input: fresh, output, cache_read, cache_write } });
  }
  return usage;
}

/** Over all models. */
export function totalOf(usage: UsageByModel): TokenCount {
  const total = { input: 0, output: 0, cache_read: 0, cache_write: 0 };
  for (const count of Object.values(usage)) {
    total.input += count.input;
    total.output += count.output;
    total.cache_read += count.cache_read;
    total.cache_write += count.cache_write;
  }
  return total;
}
