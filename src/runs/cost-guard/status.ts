import * as z from 'zod';
import { compact } from '../../core/json.ts';
import type { Host } from '../../workspace/host.ts';
import type { Workspace } from '../../workspace/layout.ts';
import { dayOf } from '../usage/log.ts';
import { type Caps, type CapsBySubject, caps } from './caps.ts';
import { DayOfUser, type Today } from './day.ts';
import { concurrencyLimits, countedTokens, countedUsd, dayLimits } from './limits.ts';
import { shareOf } from './subject.ts';

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
  const day = dayOf(host.clock.now());
  const today = await new DayOfUser(host.home).look(day, workspace, true);
  const shown = { user: {}, [`project:${workspace.root}`]: {}, ...all };
  return Object.entries(shown).map(([subject, own]) => statusOf(subject, own, today));
}

function statusOf(subject: string, own: Caps, today: Today): SubjectStatus {
  const shares = today.runs.flatMap((run) => {
    const share = shareOf(subject, run);
    return share === undefined ? [] : [share];
  });
  const unknown = shares.filter((share) => !countedUsd(share).isKnown).length;
  const limits = [
    ...concurrencyLimits({ subject, caps: own }, today),
    ...dayLimits({ subject, caps: own }, today),
  ];
  return {
    subject,
    caps: own,
    used: {
      concurrent: today.active.filter((run) => shareOf(subject, run) !== undefined).length,
      tokens_per_day: countedTokens(shares.flat()),
      usd_per_day: countedUsd(shares.flat()).usd,
      ...compact({ unknown_price_runs: unknown === 0 ? undefined : unknown }),
    },
    ...(limits.length === 0
      ? {}
      : {
          left: Object.fromEntries(
            limits.map(({ limit, cap, used }) => [
              limit,
              used === null ? null : Math.max(0, Math.round((cap - used) * 1e6) / 1e6),
            ]),
          ),
        }),
  };
}
