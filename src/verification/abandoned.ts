import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { isId } from '../core/ids.ts';
import { terminateTree } from '../proc/terminate.ts';
import { livingCookies } from '../proc/tree.ts';
import { Lease } from '../store/lease.ts';
import type { RunPaths } from '../workspace/layout.ts';
import { COMMAND_COOKIE } from './running/command.ts';
import { verificationLease, verificationPaths } from './store.ts';

/**
 * Ends what commands of verifications still run whose process was killed in the middle: they would
 * disturb the next one. Call it under the lease of the verifications of the run.
 */
export async function endAbandoned(paths: RunPaths): Promise<void> {
  const names = await readdir(paths.verification);
  const abandoned = names.filter(
    (name) => isId(name, 'verify') && !existsSync(verificationPaths(paths, name).file),
  );
  if (abandoned.length === 0) return;
  const living = livingCookies(COMMAND_COOKIE);
  for (const value of abandoned.filter((id) => living.has(id))) {
    await terminateTree({ root: undefined, cookie: { name: COMMAND_COOKIE, value } });
  }
}

/** The same for whoever verifies nothing; where another process does so, it is left alone. */
export async function endAbandonedOf(paths: RunPaths): Promise<void> {
  if (!existsSync(paths.verification)) return;
  const lease = Lease.tryAcquire(verificationLease(paths));
  if (!(lease instanceof Lease)) return;
  try {
    await endAbandoned(paths);
  } finally {
    lease.release();
  }
}
