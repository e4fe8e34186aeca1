import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { withLease } from '../../store/lease.ts';
import type { Host } from '../../workspace/host.ts';
import { type Caps, type CapsBySubject, caps, readCaps, writeCaps } from './caps.ts';

const TURN_MS = 10_000;

/** What is asked for; a number of 0 lifts the cap. */
export type CapChange = { [K in keyof Caps]: Caps[K] | undefined };

export type ChangedCaps = { before: Caps; after: Caps; all: CapsBySubject };

/** What the caps are after a change. They are stored only when `apply` says so. */
export async function changeCaps(
  host: Host,
  subject: string,
  change: CapChange,
  apply: boolean,
): Promise<ChangedCaps> {
  if (!apply) return changed(await readCaps(host.home), subject, change);
  return withLease(host.home.guardLease, TURN_MS, async () => {
    const result = changed(await readCaps(host.home), subject, change);
    await writeCaps(host.home, result.all, host.clock);
    return result;
  });
}

function changed(all: CapsBySubject, subject: string, change: CapChange): ChangedCaps {
  const before = all[subject] ?? {};
  const wanted = Object.entries({ ...before, ...change }).filter(
    ([, value]) => value !== undefined && value !== 0 && value !== false,
  );
  const parsed = caps.safeParse(Object.fromEntries(wanted));
  if (!parsed.success) {
    throw new CcError('BAD_INPUT', `Not a cap: ${z.prettifyError(parsed.error)}`, {
      hint: '0 lifts a cap; max_wall_seconds is at least 10.',
    });
  }
  const { [subject]: _old, ...others } = all;
  const after = parsed.data;
  const kept = Object.keys(after).length === 0 ? others : { ...others, [subject]: after };
  return { before, after, all: kept };
}
