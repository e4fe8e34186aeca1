import { sleep } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { isAlive, type ProcessIdentity, stateOf } from '../proc/identity.ts';
import { Lease } from '../store/lease.ts';

/** A holder needs milliseconds. After so long, one that is stopped is passed over. */
const FROZEN_MS = 2000;
const AGAIN_MS = 5;

/**
 * The right to append, for a moment. A process that was frozen while it held it must not stop
 * everybody else's work: its turn is taken over, and it finds out when it goes on (append.ts).
 */
export async function takeTurn(directory: string, waitMs: number): Promise<Lease> {
  const began = performance.now();
  for (;;) {
    const waited = performance.now() - began;
    const isUp = (holder: ProcessIdentity) =>
      waited < Math.min(FROZEN_MS, waitMs) ? isAlive(holder) : stateOf(holder) === 'running';
    const lease = Lease.tryAcquire(directory, isUp);
    if (lease instanceof Lease) return lease;
    if (waited > waitMs) {
      throw new CcError('BUSY', `Process ${lease.holder.pid} has held the ledger for too long.`, {
        hint: 'Call again. If it stays, look at that process.',
        retryable: true,
        details: { pid: lease.holder.pid, since: lease.since },
      });
    }
    await sleep(AGAIN_MS + Math.random() * AGAIN_MS);
  }
}
