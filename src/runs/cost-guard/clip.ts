import { compact } from '../../core/json.ts';
import type { CapsBySubject } from './caps.ts';
import { capSets, countedRun, shareOf } from './subject.ts';

/** What of a budget caps can narrow. */
type Clippable = {
  wall_seconds: number;
  max_tokens?: number | undefined;
  max_usd?: number | undefined;
};

/** The budget of a run, no wider than the caps on a single run allow. */
export function clipBudget<B extends Clippable>(
  budget: B,
  all: CapsBySubject,
  record: Parameters<typeof countedRun>[0],
): B {
  const planned = countedRun(record);
  const caps = capSets(all)
    .filter(({ subject }) => shareOf(subject, planned) !== undefined)
    .map((set) => set.caps);
  return {
    ...budget,
    ...compact({
      wall_seconds: least(
        budget.wall_seconds,
        caps.map((one) => one.max_wall_seconds),
      ),
      max_tokens: least(
        budget.max_tokens,
        caps.map((one) => one.max_tokens_per_run),
      ),
      max_usd: least(
        budget.max_usd,
        caps.map((one) => one.max_usd_per_run),
      ),
    }),
  };
}

function least(wanted: number | undefined, caps: readonly (number | undefined)[]) {
  const known = [wanted, ...caps].filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
