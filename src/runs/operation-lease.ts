import { join } from 'node:path';
import { CcError } from '../core/errors.ts';
import { isAlive } from '../proc/identity.ts';
import { topLease } from '../store/lease.ts';
import { managedDir, type Workspace } from '../workspace/layout.ts';

/** Held by whoever restores files of the project (rollback, apply, undo). */
export function operationLease(workspace: Workspace): string {
  return join(managedDir(workspace, 'rollback'), 'lease');
}

/** A worker that starts in the middle of it would see files of two times. Asked under the launch lease. */
export function requireNoOperation(workspace: Workspace): void {
  const top = topLease(operationLease(workspace));
  if (top === undefined || top.released || !isAlive(top.holder)) return;
  throw new CcError('BUSY', `Process ${top.holder.pid} is restoring files of this project.`, {
    hint: 'Start the run again in a moment.',
    retryable: true,
  });
}
