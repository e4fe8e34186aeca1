import type { WatchdogPolicy } from '../../workspace/watchdog-policy.ts';
import { isRefusedKey } from '../api-failure.ts';
import type { StopReason } from '../events.ts';
import type { FlagCode, Severity } from '../insight/flags.ts';
import type { Progress } from '../progress.ts';

export type WatchLimits = WatchdogPolicy & {
  idle_seconds: number;
  max_turns: number;
  /** The login renews its token by itself, so a first refusal may be no more than its cue. */
  renews_key: boolean;
};

export type WatchFacts = {
  progress: Progress;
  /** Run time, and how long nothing came: nothing at all, and nothing but retries. */
  elapsedMs: number;
  silentMs: number;
  retryingMs: number;
};

export type Watched = {
  flags: { code: FlagCode; severity: Severity; evidence: string }[];
  stop?: { reason: StopReason; detail: string };
};

/** The CLI lets a shell command run for ten minutes at most; whatever it says until then is enough. */
const LONGEST_TOOL_SECONDS = 660;
/** A share of very few turns says nothing. */
const FEWEST_TURNS = 10;

/**
 * Whether a run looks unwell, and whether it must end: pure, so that every case can be put to it.
 * Retries and tool progress are life, a running tool is slow and not stalled, and who waits for our
 * answer cannot be silent.
 */
export function watch(facts: WatchFacts, limits: WatchLimits): Watched {
  const { stop, end_session, worker_exit } = facts.progress;
  if (stop !== undefined || end_session.sent || worker_exit !== undefined) return { flags: [] };
  const flags = [...longRun(facts, limits)];
  const storm = retryStorm(facts, limits);
  if (storm !== undefined) {
    flags.push({ code: 'retry_storm', severity: 'high', evidence: storm });
    return { flags, stop: { reason: 'retry_storm', detail: storm } };
  }
  const silence = waitsForUs(facts.progress) ? { flags: [] } : judgeSilence(facts, limits);
  return { ...silence, flags: [...flags, ...silence.flags] };
}

/** It asked us something: what is still open when we have answered all we can is the controller's. */
export function waitsForUs({ unanswered }: Progress): boolean {
  return Object.keys(unanswered).length > 0;
}

function longRun({ progress, elapsedMs }: WatchFacts, limits: WatchLimits): Watched['flags'] {
  const flags: Watched['flags'] = [];
  const isNew = (code: FlagCode) => !progress.insight.flags.some((flag) => flag.code === code);
  const { max_turns, high_turns, long_running_seconds } = limits;
  const many = Math.ceil(max_turns * high_turns);
  if (max_turns >= FEWEST_TURNS && progress.model_calls >= many && isNew('high_turns')) {
    const evidence = `${progress.model_calls} of ${max_turns} turns are used`;
    flags.push({ code: 'high_turns', severity: 'medium', evidence });
  }
  if (elapsedMs >= long_running_seconds * 1000 && isNew('long_running')) {
    const evidence = `it has been running for ${seconds(elapsedMs)}`;
    flags.push({ code: 'long_running', severity: 'medium', evidence });
  }
  return flags;
}

/** Why trying again must end, where it must. */
function retryStorm({ progress, retryingMs }: WatchFacts, limits: WatchLimits): string | undefined {
  const { in_a_row, status, error } = progress.insight.retry;
  if (in_a_row === 0) return undefined;
  const answer = status === undefined ? (error ?? 'no answer') : `HTTP ${status}`;
  if (isRefusedKey({ status, error }) && in_a_row > (limits.renews_key ? 1 : 0)) {
    return `the model service refused the key (${answer})`;
  }
  const isTooMuch = in_a_row >= limits.retry_attempts || retryingMs >= limits.retry_seconds * 1000;
  if (!isTooMuch) return undefined;
  return `${in_a_row} retries in ${seconds(retryingMs)} without an answer, last: ${answer}`;
}

function judgeSilence(facts: WatchFacts, limits: WatchLimits): Watched {
  const { progress, silentMs } = facts;
  const silent = (least: number) => silentMs >= least * 1000;
  const after = `nothing came for ${seconds(silentMs)}`;
  if (progress.task?.started !== true) {
    // It is the CLI itself that does not come up; a model that is slow has nothing to do with it.
    if (!silent(limits.no_output_seconds)) return { flags: [] };
    const detail = `${after} after the worker was started`;
    return { flags: notice(facts, 'no_output', detail), stop: { reason: 'no_output', detail } };
  }
  const [call] = progress.insight.calls;
  if (call !== undefined && progress.turn_end === undefined) {
    if (!silent(Math.max(limits.idle_seconds, LONGEST_TOOL_SECONDS))) return { flags: [] };
    const detail = `${after} while ${call.tool} was running`;
    return { flags: notice(facts, 'stalled', detail), stop: { reason: 'stalled', detail } };
  }
  const code = progress.insight.output_seq === 0 ? 'no_output' : 'stalled';
  const isNoticed = silent(code === 'no_output' ? limits.no_output_seconds : limits.stall_seconds);
  const isOver = silent(limits.idle_seconds);
  const detail = code === 'no_output' ? `${after} from the model` : after;
  return {
    flags: isNoticed || isOver ? notice(facts, code, detail) : [],
    ...(isOver ? { stop: { reason: code, detail } } : {}),
  };
}

/** Once for each silence. */
function notice({ progress }: WatchFacts, code: FlagCode, evidence: string): Watched['flags'] {
  const { flags, line_seq } = progress.insight;
  const isNoticed = flags.some((flag) => flag.code === code && flag.last_seq > line_seq);
  return isNoticed ? [] : [{ code, severity: 'medium', evidence }];
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
