import type { FailureClass } from '../core/vocabulary.ts';

/** What a failure speaks about: everything of the account, one model at one profile, or nothing. */
export type CooldownScope = 'account' | 'model';

type Rule = { scope: CooldownScope; firstMs: number; longestMs: number };

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/**
 * How long a failure keeps its provider out of automatic choices, doubling while it repeats. A key or
 * a bill is put right by a person, an overload by time; a context that is too long says nothing about
 * the next task.
 */
const RULES: Partial<Record<FailureClass, Rule>> = {
  rate_limited: { scope: 'account', firstMs: MINUTE, longestMs: HOUR },
  provider_overload: { scope: 'account', firstMs: 30 * SECOND, longestMs: 15 * MINUTE },
  network: { scope: 'account', firstMs: 30 * SECOND, longestMs: 10 * MINUTE },
  auth_failed: { scope: 'account', firstMs: HOUR, longestMs: 24 * HOUR },
  billing: { scope: 'account', firstMs: HOUR, longestMs: 24 * HOUR },
  provider_capability: { scope: 'model', firstMs: 6 * HOUR, longestMs: 7 * 24 * HOUR },
};

/** No limit window of a provider is longer; a later reset time is a mistake. */
const LONGEST_RESET_MS = 8 * 24 * HOUR;

export function cooldownScope(failure: FailureClass): CooldownScope | undefined {
  return RULES[failure]?.scope;
}

/** The end of a cooldown in ms since the epoch; `count` failures of this kind in a row, from 1. */
export function cooldownEnd(
  failure: FailureClass,
  count: number,
  now: number,
  resetsAt: number | undefined,
): number {
  const rule = RULES[failure];
  if (rule === undefined) return now;
  const isPlausible =
    resetsAt !== undefined && resetsAt > now && resetsAt - now <= LONGEST_RESET_MS;
  if (failure === 'rate_limited' && isPlausible) return resetsAt;
  return now + Math.min(rule.longestMs, rule.firstMs * 2 ** Math.min(30, count - 1));
}

/** The model could not do the work; the next one might. */
const OF_MODEL: ReadonlySet<FailureClass> = new Set([
  'invalid_output',
  'provider_capability',
  'stopped_limit',
  'timeout',
]);

/** The provider did not serve it. */
const OF_PROVIDER: ReadonlySet<FailureClass> = new Set([
  'rate_limited',
  'provider_overload',
  'network',
  'auth_failed',
  'billing',
  'no_output',
  'stalled',
]);

/** Whom an ending speaks about; many (a full disk, a cancelled run) speak about neither. */
export function blameOf(failure: FailureClass): 'nobody' | 'model' | 'provider' | 'none' {
  if (failure === 'success') return 'none';
  if (OF_MODEL.has(failure)) return 'model';
  return OF_PROVIDER.has(failure) ? 'provider' : 'nobody';
}
