import type { Clock } from '../core/clock.ts';
import { type ProcessIdentity, stateOf } from '../proc/identity.ts';
import { killProcess } from '../proc/terminate.ts';

/** Several supervisors that died before they owned anything would all do so: then one at a time. */
const QUICK_STARTS = 3;
const START_EVERY_MS = 2000;

/** What this process has started for something that nobody owned since. */
type Start = { supervisor: Promise<ProcessIdentity>; at: number; count: number };
const starts = new Map<string, Start>();

/** Somebody owns it, so the next time is a first one. */
export function isOwned(id: string): void {
  starts.delete(id);
}

/** Starts a supervisor for something that nobody owns, unless one of this process is on its way. */
export async function startOnce(
  id: string,
  clock: Clock,
  start: () => Promise<ProcessIdentity>,
): Promise<void> {
  const last = starts.get(id);
  const now = clock.monotonic();
  if (last !== undefined && (await isComing(last, now))) return;
  // Meanwhile another call may have started one.
  if (starts.get(id) !== last) return;
  const supervisor = start();
  starts.set(id, { supervisor, at: now, count: (last?.count ?? 0) + 1 });
  await supervisor;
}

/** No other is to be started yet. One that is frozen will never come, and is ended. */
async function isComing({ supervisor, at, count }: Start, now: number): Promise<boolean> {
  const identity = await supervisor.catch(() => undefined);
  if (identity !== undefined) {
    if (stateOf(identity) === 'running') return true;
    await killProcess(identity);
  }
  return count >= QUICK_STARTS && now - at < START_EVERY_MS;
}
