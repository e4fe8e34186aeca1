import * as z from 'zod';
import { FAILURE_CLASSES } from '../core/vocabulary.ts';
import { type AccountHolder, accountKey, routeKey } from './keys.ts';

/** The last failure of an account or a model, and until when it is left alone. Times in ms. */
export const failureEntry = z.object({
  scope: z.enum(['account', 'model']),
  /** An account, or a route. */
  key: z.string(),
  class: z.enum(FAILURE_CLASSES),
  /** In a row. */
  count: z.number(),
  since: z.number(),
  until: z.number(),
  /** The run it was last seen in, so that it is counted once. */
  run_id: z.string().optional(),
  /** The one run that tries it again since the time is over; others wait for what comes of it. */
  trial: z.object({ run_id: z.string(), until: z.number() }).optional(),
});
export type FailureEntry = z.infer<typeof failureEntry>;

/** What a provider last said about its limit window. */
export const quotaEntry = z.object({
  key: z.string(),
  /** Share of the window that is used, 0 to 1. */
  used: z.number(),
  resets_at: z.number(),
});
export type QuotaEntry = z.infer<typeof quotaEntry>;

export type Health = { failures: readonly FailureEntry[]; quotas: readonly QuotaEntry[] };

/**
 * `cooling`: left alone until a time, or while one run tries it again. `half_open`: that time is over, but
 * nothing has succeeded since; one run may try: its success makes it healthy, its failure doubles the pause.
 */
export type Cooldown =
  | { state: 'healthy' }
  | { state: 'cooling' | 'half_open'; entry: FailureEntry };

export function cooldownOf(
  profile: AccountHolder,
  model: string,
  { failures }: Health,
  now: number,
): Cooldown {
  const route = routeKey({ profile: profile.id, model });
  const account = accountKey(profile);
  let worst: FailureEntry | undefined;
  for (const entry of failures) {
    const applies = entry.key === (entry.scope === 'account' ? account : route);
    if (applies && (worst === undefined || restsUntil(entry) > restsUntil(worst))) worst = entry;
  }
  if (worst === undefined) return { state: 'healthy' };
  return { state: restsUntil(worst) > now ? 'cooling' : 'half_open', entry: worst };
}

/** The end of the cooldown, or of the trial after it; ms. */
function restsUntil({ until, trial }: FailureEntry): number {
  return Math.max(until, trial?.until ?? 0);
}

/** How much of its limit window is left, 0 to 1; undefined where no window is known or it is over. */
export function quotaLeft(
  profile: AccountHolder,
  { quotas }: Health,
  now: number,
): number | undefined {
  const key = accountKey(profile);
  const quota = quotas.find((entry) => entry.key === key && entry.resets_at > now);
  return quota === undefined ? undefined : Math.min(1, Math.max(0, 1 - quota.used));
}
