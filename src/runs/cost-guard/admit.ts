import { CcError } from '../../core/errors.ts';
import type { Price } from '../../profiles/price.ts';
import { withLease } from '../../store/lease.ts';
import type { Host } from '../../workspace/host.ts';
import type { Workspace } from '../../workspace/layout.ts';
import type { RunRecord } from '../record.ts';
import { dayOf } from '../usage/log.ts';
import { readCaps } from './caps.ts';
import { DayOfUser } from './day.ts';
import {
  concurrencyLimits,
  dayLimits,
  type GuardLimit,
  hasDayCap,
  hasUsdCap,
  limitText,
  reached,
} from './limits.ts';
import { type CapSet, capSets, countedRun, isOfOneProject, shareOf } from './subject.ts';

const TURN_MS = 30_000;

/**
 * Refuses a run that the caps of the user leave no room for, else lets it take its place. Call it
 * under the launch lease; where caps reach beyond the project, all starts of the user go one by one.
 */
export async function admitRun(
  host: Host,
  workspace: Workspace,
  record: RunRecord,
  takePlace: () => Promise<void>,
): Promise<void> {
  const run = countedRun(record);
  const sets = capSets(await readCaps(host.home)).filter(
    ({ subject }) => shareOf(subject, run) !== undefined,
  );
  for (const set of sets) requireKnownPrice(set, record);
  const counting = sets.filter((set) => set.caps.max_concurrent !== undefined || hasDayCap(set));
  if (counting.length === 0) return takePlace();
  const everywhere = !counting.every(({ subject }) => isOfOneProject(subject));
  const admit = async () => {
    const question = {
      day: dayOf(host.clock.now()),
      subjects: counting.map(({ subject }) => subject),
    };
    const today = await new DayOfUser(host.home).look(question, workspace, everywhere);
    const limits = counting.flatMap((set) => [
      ...concurrencyLimits(set, today),
      ...dayLimits(set, today),
    ]);
    const limit = reached(limits);
    if (limit !== undefined) throw refusal(limit);
    await takePlace();
  };
  await (everywhere ? withLease(host.home.guardLease, TURN_MS, admit) : admit());
}

/** A cap on USD holds only where it is known what a token costs, of every kind. */
function requireKnownPrice({ subject, caps }: CapSet, record: RunRecord): void {
  if (!hasUsdCap(caps) || caps.allow_unknown_price || record.cli_price) return;
  const price = record.price as Price | null;
  const missing = (['input', 'output', 'cache_read', 'cache_write'] as const).filter(
    (kind) => price?.[kind] === undefined,
  );
  if (missing.length === 0) return;
  throw new CcError(
    'LIMIT_REACHED',
    `A cap on USD (${subject}) cannot be kept: profile ${record.profile.id} has no known price for ${missing.join(', ')}.`,
    {
      hint: 'Tell the price where the profile is kept (CC_PROFILE_<NAME>_PRICE_…), or allow unknown prices with cc_cost_guard (allow_unknown_price).',
      details: { subject, limit: 'usd', missing_prices: missing },
    },
  );
}

function refusal(limit: GuardLimit): CcError {
  const { subject, limit: name, cap, used } = limit;
  const left = used === null ? null : Math.max(0, cap - used);
  return new CcError('LIMIT_REACHED', `No room for another run: ${limitText(limit)}.`, {
    hint: hintFor(limit),
    retryable: true,
    details: { subject, limit: name, cap, used, left },
  });
}

function hintFor({ limit, used }: GuardLimit): string {
  if (limit === 'concurrent') {
    return 'Wait for a run (cc_wait_runs) or stop one (cc_stop_run); the user can raise the cap with cc_cost_guard.';
  }
  if (used === null) {
    return 'Work of today has no known price. The user can allow that with cc_cost_guard (allow_unknown_price); else wait until the next UTC day.';
  }
  return 'Wait until the next UTC day; the user can raise the cap with cc_cost_guard.';
}
