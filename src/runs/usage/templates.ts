import type { Workspace } from '../../workspace/layout.ts';
import { dayOf } from './log.ts';
import { readUsage } from './read.ts';
import { type UsageRow, UsageSum } from './sum.ts';

const DAY_MS = 86_400_000;
/** Long enough to tell something, short enough to be about the template as it is. */
const DAYS = 90;

/** What the runs made from each template came to, over the last 90 days of a workspace. */
export async function templateUsage(
  workspace: Workspace,
  now: Date,
): Promise<Map<string, UsageRow>> {
  const from = dayOf(new Date(now.getTime() - DAYS * DAY_MS));
  const { ended } = await readUsage(workspace, from, dayOf(now));
  const sums = new Map<string, UsageSum>();
  for (const run of ended) {
    if (run.template === undefined) continue;
    const sum = sums.get(run.template) ?? new UsageSum();
    sum.add(run);
    sums.set(run.template, sum);
  }
  return new Map([...sums].map(([name, sum]) => [name, sum.row(name)]));
}
