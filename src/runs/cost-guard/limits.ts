import { budgetTokens } from '../limits.ts';
import type { ModelUsage } from '../usage/spending.ts';
import type { Caps } from './caps.ts';
import type { Today } from './day.ts';
import { type CapSet, type Counted, shareOf } from './subject.ts';

export const CAPPED = [
  'concurrent',
  'wall_seconds',
  'tokens_per_run',
  'tokens_per_day',
  'usd_per_run',
  'usd_per_day',
] as const;
export type Capped = (typeof CAPPED)[number];

/** One cap that concerns a run, with what counts against it. */
export type GuardLimit = {
  /** `user`, `project:<directory>`, `profile:<id>` or `model:<id>`. */
  subject: string;
  limit: Capped;
  cap: number;
  /** null: part of it has no known price, and nobody allowed that. */
  used: number | null;
};

/** Tokens as caps count them, the same way as budgets do. */
export function countedTokens(models: readonly ModelUsage[]): number {
  return Math.round(models.reduce((total, count) => total + budgetTokens(count), 0));
}

/** USD as far as it is known, and whether all of it is. */
export function countedUsd(models: readonly ModelUsage[]): { usd: number; isKnown: boolean } {
  let usd = 0;
  let isKnown = true;
  for (const count of models) {
    usd += count.usd ?? 0;
    if (count.usd === undefined && countedTokens([count]) > 0) isKnown = false;
  }
  return { usd: Math.round(usd * 1e6) / 1e6, isKnown };
}

/** Caps on what one run may use. They are part of its budget, too (clip.ts). */
export function runLimits(set: CapSet, run: Counted, elapsedMs: number): GuardLimit[] {
  const own = shareOf(set.subject, run);
  if (own === undefined) return [];
  const { caps } = set;
  return [
    ...limit(set, 'wall_seconds', caps.max_wall_seconds, elapsedMs / 1000),
    ...limit(set, 'tokens_per_run', caps.max_tokens_per_run, countedTokens(own)),
    ...limit(set, 'usd_per_run', caps.max_usd_per_run, usdUnder(caps, own)),
  ];
}

/** Caps on a day. `today` holds this run as well, as it stands now. */
export function dayLimits(set: CapSet, today: Today): GuardLimit[] {
  const all = today.runs.flatMap((run) => shareOf(set.subject, run) ?? []);
  const { caps } = set;
  return [
    ...limit(set, 'tokens_per_day', caps.max_tokens_per_day, countedTokens(all)),
    ...limit(set, 'usd_per_day', caps.max_usd_per_day, usdUnder(caps, all)),
  ];
}

/** Runs at once; the one that asks for its place is not among them. */
export function concurrencyLimits(set: CapSet, today: Today): GuardLimit[] {
  const active = today.active.filter((run) => shareOf(set.subject, run) !== undefined);
  return limit(set, 'concurrent', set.caps.max_concurrent, active.length);
}

export function hasDayCap({ caps }: CapSet): boolean {
  return caps.max_tokens_per_day !== undefined || caps.max_usd_per_day !== undefined;
}

export function hasUsdCap(caps: Caps): boolean {
  return caps.max_usd_per_run !== undefined || caps.max_usd_per_day !== undefined;
}

/** The first that is used up, or that nobody can tell of. */
export function reached(limits: readonly GuardLimit[]): GuardLimit | undefined {
  return limits.find(({ used, cap }) => used === null || used >= cap);
}

/** `usd_per_day of user: 5.01 of 5`, for people, models and evidence. */
export function limitText({ subject, limit: name, used, cap }: GuardLimit): string {
  const amount = used === null ? 'an unknown amount' : String(Number(used.toFixed(4)));
  return `${name.replaceAll('_', ' ')} (${subject}): ${amount} of ${cap}`;
}

function limit(
  { subject }: CapSet,
  name: Capped,
  cap: number | undefined,
  used: number | null,
): GuardLimit[] {
  return cap === undefined ? [] : [{ subject, limit: name, cap, used }];
}

function usdUnder(caps: Caps, models: readonly ModelUsage[]): number | null {
  const { usd, isKnown } = countedUsd(models);
  return isKnown || caps.allow_unknown_price === true ? usd : null;
}
