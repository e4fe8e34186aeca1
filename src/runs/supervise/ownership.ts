import { sleep } from '../../core/clock.ts';
import { stateOf } from '../../proc/identity.ts';
import { killProcess } from '../../proc/terminate.ts';
import { findByCookie } from '../../proc/tree.ts';
import { Lease } from '../../store/lease.ts';
import type { RunPaths } from '../../workspace/layout.ts';
import { SUPERVISOR_COOKIE } from '../start-supervisor.ts';

const AGAIN_MS = 10;

/**
 * Owns the run (or what else has such a lease), unless somebody else does who can. A holder that is
 * stopped would never answer; it is ended before its run is taken over, for if it went on later, it
 * would write beside its successor.
 */
export async function becomeOwner(paths: Pick<RunPaths, 'lease'>): Promise<Lease | undefined> {
  for (;;) {
    const lease = Lease.tryAcquire(paths.lease);
    if (lease instanceof Lease) return lease;
    const state = stateOf(lease.holder);
    if (state === 'running') return undefined;
    if (state === 'stopped' && !(await killProcess(lease.holder))) return undefined;
    await sleep(AGAIN_MS); // it went just now, or is being born (store/lease.ts)
  }
}

/**
 * Others may have been started for this run at the same time; they leave when they find an owner. One
 * that was frozen before it could is known to nobody. Answers how many there were. Before a run is
 * recorded as over, because nobody comes by afterwards.
 */
export async function endFrozenRivals(id: string, cookie = SUPERVISOR_COOKIE): Promise<number> {
  const rivals = findByCookie(cookie, id);
  const frozen = rivals.filter((rival) => stateOf(rival) === 'stopped');
  for (const rival of frozen) await killProcess(rival);
  return frozen.length;
}
