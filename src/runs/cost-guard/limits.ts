import { type Amount, amountOf, sumOfAmounts } from './amount.ts';
import type { Caps } from './caps.ts';
import type { Today } from './day.ts';
import { type CapSet, type Counted, shareOf } from './subject.ts';

export type Capped =
  | 'concurrent'
  | 'wall_seconds'
  | 'tokens_per_run'
  | 'tokens_per_day'
  | 'usd_per_run'
  | 'usd_per_day';

/** One cap that concerns a run, with what counts against it. */
export type GuardLimit = {
  /** `user`, `project:<directory>`, `profile:<id>` or `model:<id>`. */
  subject: string;
  limit: Capped;
  cap: number;
  /** null: part of it has no known price, and nobody allowed that. */
  used: number | null;
};

/** Caps on what one run may use. They are part of its budget, too (clip.ts). */
export function runLimits(set: CapSet, run: Counted, elapsedMs: number): GuardLimit[] {
  const share = shareOf(set.subject, run);
  if (share === undefined) return [];
  const { caps } = set;
  const own = amountOf(share);
  return [
    ...limit(set, 'wall_seconds', caps.max_wall_seconds, elapsedMs / 1000),
    ...limit(set, 'tokens_per_run', caps.max_tokens_per_run, Math.round(own.tokens)),
    ...limit(set, 'usd_per_run', caps.max_usd_per_run, usdUnder(caps, own)),
  ];
}

/** Caps on a day. */
export function dayLimits(set: CapSet, today: Today): GuardLimit[] {
  const { caps } = set;
  const used = usedToday(set.subject, today);
  return [
    ...limit(set, 'tokens_per_day', caps.max_tokens_per_day, Math.round(used.tokens)),
    ...limit(set, 'usd_per_day', caps.max_usd_per_day, usdUnder(caps, used)),
  ];
}

/** Runs at once; the one that asks for its place is not among them. */
export function concurrencyLimits(set: CapSet, today: Today): GuardLimit[] {
  return limit(set, 'concurrent', set.caps.max_concurrent, activeFor(set.subject, today).length);
}

/** Everything that counts for a subject, active runs included. */
export function usedToday(subject: string, today: Today): Amount {
  const ended = today.ended.get(subject);
  const active = activeFor(subject, today).map((share) => amountOf(share));
  return sumOfAmounts(ended === undefined ? active : [ended, ...active]);
}

/** The shares of the active runs that count for a subject. */
export function activeFor(subject: string, { active }: Today) {
  return active.map((run) => shareOf(subject, run)).filter((share) => share !== undefined);
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

/** `usd per day (user): 5.01 of 5`, for people, models and evidence. */
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

/** Micro-dollars are as fine as any price list. */
function usdUnder(caps: Caps, { usd, unpriced }: Amount): number | null {
  return unpriced === 0 || caps.allow_unknown_price === true ? Math.round(usd * 1e6) / 1e6 : null;
}
