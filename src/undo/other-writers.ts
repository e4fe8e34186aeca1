import { relative, sep } from 'node:path';
import { CcError } from '../core/errors.ts';
import { activeRuns } from '../runs/list.ts';
import type { RunRecord } from '../runs/record.ts';
import { withLease } from '../store/lease.ts';
import { matchesScope } from '../workers/claude/guard.ts';
import { sharedPaths, type Workspace } from '../workspace/layout.ts';
import { placeIn, type Tree } from './tree.ts';

const LEASE_WAIT_MS = 30_000;

/**
 * Refuses while a worker that may change one of these files is at work. Under the launch lease, so that
 * none is just being started; one that comes later sees that files are being restored.
 */
export async function requireNoWriter(
  workspace: Workspace,
  tree: Tree,
  paths: readonly string[],
): Promise<void> {
  const active = await withLease(sharedPaths(workspace).launchLease, LEASE_WAIT_MS, () =>
    activeRuns(workspace),
  );
  const writer = active.find(({ record }) => mayWrite(record, tree, paths));
  if (writer === undefined) return;
  const { run_id, title } = writer.record;
  throw new CcError('STILL_RUNNING', `${run_id} (${title}) is at work on these files.`, {
    hint: 'Wait for it with cc_wait_runs, or stop it with cc_stop_run.',
    retryable: true,
    details: { active: run_id },
  });
}

function mayWrite(
  { scope, cwd, posture }: RunRecord,
  tree: Tree,
  paths: readonly string[],
): boolean {
  if (scope === null) return false;
  // Without a sandbox nothing keeps a shell within the scope.
  const isHeld = posture === undefined || posture.sandbox !== 'none' || posture.shell === 'none';
  if (!isHeld) return !paths.every((path) => isElsewhere(cwd, placeIn(tree, path)));
  return paths.some((path) => {
    const inCwd = relative(cwd, placeIn(tree, path)).split(sep).join('/');
    return !inCwd.startsWith('../') && matchesScope(scope.paths, inCwd);
  });
}

function isElsewhere(cwd: string, full: string): boolean {
  return relative(cwd, full).startsWith('..');
}
