import * as z from 'zod';
import type { Host } from '../../workspace/host.ts';
import type { Workspace } from '../../workspace/layout.ts';
import { dayOf } from '../usage/log.ts';
import { type Caps, type CapsBySubject, caps } from './caps.ts';
import { DayOfUser, type Today } from './day.ts';
import { activeFor, concurrencyLimits, dayLimits, type GuardLimit, usedToday } from './limits.ts';

export const subjectStatus = z.object({
  subject: z.string(),
  caps,
  /** Today, active runs included. Tokens read from a cache count a tenth. */
  used: z.object({
    concurrent: z.number(),
    tokens_per_day: z.number(),
    /** The known part. */
    usd_per_day: z.number(),
    /** Runs of today whose price is not, or not wholly, known. */
    unknown_price_runs: z.number().optional(),
  }),
  /** Where there is a cap; null: nobody can tell, so no run may start. */
  left: z.record(z.string(), z.number().nullable()).optional(),
});
export type SubjectStatus = z.infer<typeof subjectStatus>;

/** The caps with what counts against them today; the user and the project also where they have none. */
export async function guardStatus(
  host: Host,
  workspace: Workspace,
  all: CapsBySubject,
): Promise<SubjectStatus[]> {
  const shown: CapsBySubject = { user: {}, [`project:${workspace.root}`]: {}, ...all };
  const question = { day: dayOf(host.clock.now()), subjects: Object.keys(shown) };
  const today = await new DayOfUser(host.home).look(question, workspace, true);
  return Object.entries(shown).map(([subject, own]) => statusOf(subject, own, today));
}

function statusOf(subject: string, own: Caps, today: Today): SubjectStatus {
  const used = usedToday(subject, today);
  const limits = [
    ...concurrencyLimits({ subject, caps: own }, today),
    ...dayLimits({ subject, caps: own }, today),
  ];
  return {
    subject,
    caps: own,
    used: {
      concurrent: activeFor(subject, today).length,
      tokens_per_day: Math.round(used.tokens),
      usd_per_day: Math.round(used.usd * 1e6) / 1e6,
      ...(used.unpriced > 0 ? { unknown_price_runs: used.unpriced } : {}),
    },
    ...(limits.length > 0 ? { left: Object.fromEntries(limits.map(leftOf)) } : {}),
  };
}

function leftOf({ limit, cap, used }: GuardLimit): [string, number | null] {
  return [limit, used === null ? null : Math.max(0, Math.round((cap - used) * 1e6) / 1e6)];
}
