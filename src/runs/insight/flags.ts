import { truncate } from '../../core/text.ts';
import type { RunEvent } from '../events.ts';

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/**
 * What can be wrong with a run, told from structured evidence (docs/flags.md has the rules). The order
 * is part of every wait cursor: new codes go to the end.
 */
export const FLAG_CODES = [
  'repeated_search',
  'repeated_failure',
  'destructive_command',
  'failing_test',
  'success_claim_after_failing_test',
  'scope_violation',
  'secret_like_output',
  'excessive_output',
  'stalled',
  'no_output',
  'high_turns',
  'long_running',
  'route_mismatch',
  'retry_storm',
] as const;
export type FlagCode = (typeof FLAG_CODES)[number];

export type Flag = {
  code: FlagCode;
  severity: Severity;
  /** A run with a blocking flag must not be accepted unseen. */
  blocking: boolean;
  /** What it was first seen by, or what made it worse; one line, without secrets. */
  evidence: string;
  first_seq: number;
  last_seq: number;
  count: number;
  /** The severity the journal has told of, in an event of its own. */
  told?: Severity;
};

/** Flags whose worst is a warning all the same: what they say needs a look, not a refusal. */
const NEVER_BLOCKING: ReadonlySet<FlagCode> = new Set(['route_mismatch', 'retry_storm']);
const EVIDENCE_CHARS = 200;

/** Raises a flag, or counts it once more; it never becomes milder. Tells whether that is news. */
export function raiseFlag(
  flags: Flag[],
  code: FlagCode,
  severity: Severity,
  event: Pick<RunEvent, 'seq'>,
  evidence: string,
): boolean {
  const flag = flags.find((one) => one.code === code);
  const text = truncate(evidence, EVIDENCE_CHARS);
  if (flag === undefined) {
    flags.push({
      code,
      severity,
      blocking: isBlocking(code, severity),
      evidence: text,
      first_seq: event.seq,
      last_seq: event.seq,
      count: 1,
    });
    return true;
  }
  flag.count += 1;
  flag.last_seq = event.seq;
  if (rank(severity) <= rank(flag.severity)) return false;
  Object.assign(flag, { severity, blocking: isBlocking(code, severity), evidence: text });
  return true;
}

export function isAtLeast(severity: Severity, least: Severity): boolean {
  return rank(severity) >= rank(least);
}

/** All flags as one answer. `blocking_ok` is the only one a gate may look at; warnings never block. */
export type Risk = {
  blocking_ok: boolean;
  has_warnings: boolean;
  max_severity: Severity | 'none';
  warning_count: number;
  blocking_count: number;
};

export function riskOf(flags: readonly Pick<Flag, 'severity' | 'blocking'>[]): Risk {
  const blocking = flags.filter((flag) => flag.blocking).length;
  const worst = flags.reduce((most, flag) => Math.max(most, rank(flag.severity)), -1);
  return {
    blocking_ok: blocking === 0,
    has_warnings: flags.length > blocking,
    max_severity: SEVERITIES[worst] ?? 'none',
    warning_count: flags.length - blocking,
    blocking_count: blocking,
  };
}

function isBlocking(code: FlagCode, severity: Severity): boolean {
  return isAtLeast(severity, 'high') && !NEVER_BLOCKING.has(code);
}

function rank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}
