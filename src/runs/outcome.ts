import { plural, truncate } from '../core/text.ts';
import type { FailureClass, RunState } from '../core/vocabulary.ts';
import { isWriteTool } from '../workers/claude/guard.ts';
import { apiFailureClass } from './api-failure.ts';
import { HINTS, KNOWN } from './failure-hints.ts';
import { type Progress, refusedCalls, type TurnEnd } from './progress.ts';
import type { RunOutcome } from './record.ts';

/** Everything a verdict about the ending of a run may rest on. */
export type EndFacts = {
  progress: Progress;
  /** Why the worker could not be started, where it could not. */
  startError?: string | undefined;
  /** Files that differ from the snapshot at the start; null when that is unknown. */
  changedFiles: number | null;
  allowWrite: boolean;
  /** The answer had to satisfy a schema. */
  hasSchema?: boolean | undefined;
  stderrTail: string;
};

const EVIDENCE_CHARS = 500;

export type Verdict = { state: RunState; failure: RunOutcome['failure'] };

/**
 * How a run ended, as a pure function of evidence in this order: our own decisions, structured
 * stream fields, exit facts, stderr. Never the model's prose, never `subtype`, never the exit code
 * alone (claude-code-cli.md §0.2: API failures are "success", SIGINT exits 0).
 */
export function judgeEnding(facts: EndFacts): Verdict {
  const { progress } = facts;
  if (facts.startError !== undefined) {
    const evidence = [truncate(facts.startError, EVIDENCE_CHARS)];
    return failed('launch_environment', 'process', evidence, false, HINTS.launch);
  }
  const stopped = byOurStop(facts) ?? byLimit(progress);
  if (stopped !== undefined) return stopped;
  const end = progress.turn_end;
  if (end === undefined) return withoutResult(facts);
  if (end.is_error || end.reason !== 'completed') return byTurnEnd(end, progress);
  return afterGoodTurn(facts);
}

/** The last turn ended well; now the process must have, too, and nothing may be left undone. */
function afterGoodTurn(facts: EndFacts): Verdict {
  const { progress } = facts;
  const exit = progress.worker_exit;
  const orderly =
    exit !== undefined &&
    (exit.adopted
      ? exit.signal === null && progress.end_session.acknowledged
      : exit.code === 0 && exit.signal === null);
  if (!orderly) {
    return failed('crashed', 'process', [`turn completed, but ${exitText(exit)}`], true);
  }
  const undone = progress.background.length + progress.background_cut.length;
  if (undone > 0) {
    return failed('unknown', 'stream', [
      `${plural(undone, 'background task was', 'background tasks were')} still running when it ended`,
    ]);
  }
  const empty = emptyAnswer(facts);
  if (empty !== undefined) return failed('invalid_output', 'stream', [empty], true);
  const refusedWrites = refusedWriteCalls(progress);
  if (facts.allowWrite && facts.changedFiles === 0 && refusedWrites.length > 0) {
    return failed(
      'permission_denied',
      'supervisor',
      refusedWrites,
      false,
      'Widen scope.paths to what the task needs, or change the task.',
    );
  }
  const evidence = [
    exit.adopted ? 'turn completed, end of session acknowledged' : 'turn completed, exit code 0',
  ];
  const refused = refusedCalls(progress);
  if (refused > 0)
    evidence.push(`${plural(refused, 'tool call was', 'tool calls were')} refused on the way`);
  return {
    state: 'succeeded',
    failure: { class: 'success', source: 'stream', evidence, retryable: false },
  };
}

/** A turn can complete without an answer: the model declined, or said nothing where words were the work. */
function emptyAnswer({ progress, allowWrite, hasSchema }: EndFacts): string | undefined {
  const end = progress.turn_end;
  if (end?.stop_reason === 'refusal') return 'the model declined to answer (stop_reason refusal)';
  if (!allowWrite && end?.chars === 0) return 'the turn completed without an answer';
  // The CLI calls that a success (claude-code-cli.md §7).
  if (hasSchema && end?.structured !== true) return 'no answer in the form of the output schema';
  return undefined;
}

function refusedWriteCalls({ refused, turn_end }: Progress): string[] {
  const ours = refused.filter(({ tool }) => isWriteTool(tool));
  if (ours.length > 0) return ours.slice(0, 5).map(({ tool, reason }) => `${tool}: ${reason}`);
  // A hook that nobody answered in time is a refusal, too, and only the CLI knows of it.
  const tools = turn_end?.denied_tools.filter(isWriteTool) ?? [];
  return tools.map((tool) => `${tool}: refused by the worker CLI`);
}

function byOurStop({ progress }: EndFacts): Verdict | undefined {
  const { stop } = progress;
  if (stop === undefined) return undefined;
  const evidence = [truncate(stop.detail ?? stop.reason, EVIDENCE_CHARS)];
  switch (stop.reason) {
    case 'cancelled':
      return ended('cancelled', 'interrupted', evidence);
    case 'wall':
      return ended(
        'timed_out',
        'timeout',
        evidence,
        'Raise budget.wall_seconds or split the task.',
      );
    case 'idle':
      return bySilence(progress.model_calls === 0 ? 'no_output' : 'stalled', evidence);
    case 'no_output':
    case 'stalled':
      return bySilence(stop.reason, evidence);
    case 'retry_storm':
      return byRetries(progress, evidence);
    case 'limit':
      return byLimit(progress) ?? failed('unknown', 'supervisor', evidence);
    case 'disk_full':
      return failed(
        'disk_full',
        'supervisor',
        evidence,
        false,
        'Free disk space, then start it again.',
      );
    case 'worker_unsupported':
      return failed('launch_environment', 'stream', evidence, false, HINTS.unsupported);
    case 'route_mismatch':
      return failed('launch_environment', 'stream', evidence, false, HINTS.route);
    case 'internal':
      return failed('unknown', 'supervisor', evidence);
  }
}

/** A budget was used up. A run that had finished its turn by itself before that took effect is not cut. */
function byLimit({ closing, turn_end }: Progress): Verdict | undefined {
  if (closing?.kind !== 'wrap_up') return undefined;
  const finished = turn_end?.is_error === false && turn_end.reason === 'completed';
  if (finished && closing.message === undefined) return undefined;
  const evidence = [`${closing.because} used`];
  if (closing.done) evidence.push('it was asked for closing words and wrote them');
  const isTime = closing.limit === 'wall';
  return ended(
    isTime ? 'timed_out' : 'stopped_limit',
    isTime ? 'timeout' : 'stopped_limit',
    evidence,
    'The partial result is kept. Continue it with cc_send_instruction and a larger budget, or split the task.',
  );
}

function bySilence(failure: 'no_output' | 'stalled', evidence: string[]): Verdict {
  return ended('timed_out', failure, evidence, HINTS[failure]);
}

/** What the model service answered last says why all the retries were in vain. */
function byRetries({ insight }: Progress, evidence: string[]): Verdict {
  const { status, error } = insight.retry;
  const known = apiFailureClass({ status, error }) ?? KNOWN.network;
  return failed(known.class, 'stream', evidence, known.retryable, known.hint);
}

function byTurnEnd(end: TurnEnd, progress: Progress): Verdict {
  const evidence = [
    `turn ended: ${end.reason ?? 'no reason'}${end.status === undefined ? '' : `, HTTP ${end.status}`}`,
    ...(progress.api_error?.text === undefined ? [] : [progress.api_error.text]),
    ...end.errors,
  ].slice(0, 5);
  if (end.startup_failure !== undefined) {
    return failed('launch_environment', 'stream', [end.startup_failure], false, HINTS.launch);
  }
  if (end.reason === 'max_turns' || end.reason === 'budget_exhausted') {
    return ended(
      'stopped_limit',
      'stopped_limit',
      evidence,
      'The partial result is kept. Raise the budget or split the task.',
    );
  }
  if (end.reason?.startsWith('aborted_')) {
    return failed('interrupted', 'stream', evidence, true, HINTS.interrupted);
  }
  // It gave up before it asked the model anything: a session or sandbox it could not set up.
  if (end.is_error && end.reason === undefined && progress.model_calls === 0) {
    return failed('launch_environment', 'stream', evidence, false, HINTS.launch);
  }
  const known = apiFailureClass({
    reason: end.reason,
    error: progress.api_error?.error,
    status: end.status ?? progress.api_error?.status,
  });
  if (known !== undefined)
    return failed(known.class, 'stream', evidence, known.retryable, known.hint);
  return failed('unknown', 'stream', evidence);
}

/** It ended without saying how the turn went. Exit code 0 proves nothing here. */
function withoutResult({ progress, stderrTail }: EndFacts): Verdict {
  const exit = progress.worker_exit;
  const evidence = [`no result; ${exitText(exit)}`];
  const lastLine = stderrTail.trim().split('\n').at(-1);
  if (lastLine) evidence.push(`stderr: ${lastLine.slice(0, 300)}`);
  // Before everything else: a full disk or memory can also end a worker that has only begun.
  if (/no space left|ENOSPC/i.test(stderrTail)) {
    return failed('disk_full', 'stderr', evidence, false, 'Free disk space, then start it again.');
  }
  if (/out of memory|ENOMEM|cannot allocate memory/i.test(stderrTail)) {
    return failed('out_of_memory', 'stderr', evidence, false, HINTS.memory);
  }
  // Not our signal, since we stopped nothing; the kernel's is the likely one.
  if (exit?.signal === 'SIGKILL' || exit?.code === 137) {
    return failed('out_of_memory', 'process', evidence, false, HINTS.memory);
  }
  if (progress.initialized === undefined) {
    return failed('launch_environment', 'process', evidence, false, HINTS.launch);
  }
  return failed(
    'crashed',
    'process',
    evidence,
    true,
    'Start it again; the events show how far it came.',
  );
}

function exitText(exit: Progress['worker_exit']): string {
  if (exit === undefined) return 'the worker was never seen to exit';
  if (exit.signal !== null) return `the worker was ended by ${exit.signal}`;
  if (exit.code === null) return 'the worker is gone, its exit code unknown';
  return `exit code ${exit.code}`;
}

function failed(
  failure: FailureClass,
  source: string,
  evidence: string[],
  retryable = false,
  hint?: string,
): Verdict {
  return { state: 'failed', failure: build(failure, source, evidence, retryable, hint) };
}

function ended(state: RunState, failure: FailureClass, evidence: string[], hint?: string): Verdict {
  return { state, failure: build(failure, 'supervisor', evidence, state === 'timed_out', hint) };
}

function build(
  failure: FailureClass,
  source: string,
  evidence: string[],
  retryable: boolean,
  hint: string | undefined,
): RunOutcome['failure'] {
  return { class: failure, source, evidence, retryable, ...(hint === undefined ? {} : { hint }) };
}
