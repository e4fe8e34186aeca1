import { CcError } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import { isFinal } from '../core/vocabulary.ts';
import { eachBlob } from '../git/whole/blobs.ts';
import type { Actor } from '../ledger/entry.ts';
import type { FoundRun } from '../runs/find.ts';
import { lookAt } from '../runs/view.ts';
import type { Host } from '../workspace/host.ts';
import { changedBy } from './changed-by.ts';
import { interruptedOf, isSameRequest, operate } from './operate.ts';
import type { Operation } from './operation.ts';
import { requireNoWriter } from './other-writers.ts';
import { planRollback, type RollbackPlan, type RollbackRequest } from './rollback-plan.ts';
import { type RunSnapshots, snapshotsOf } from './snapshots-of.ts';

const NAMED = 50;

export type Preview = { plan: RollbackPlan; snapshots: RunSnapshots };

/** What putting back would do now; undefined where the run changed nothing. */
export async function previewRollback(
  host: Host,
  found: FoundRun,
  request: RollbackRequest,
): Promise<Preview | undefined> {
  await requireEnded(host, found);
  const snapshots = await snapshotsOf(host, found);
  if (snapshots === undefined) return undefined;
  return { plan: await planRollback(host, snapshots, request), snapshots };
}

/** Puts back what the run changed; undefined where there is nothing (left) to put back. */
export async function rollbackRun(
  host: Host,
  found: FoundRun,
  request: RollbackRequest,
  { plan, snapshots }: Preview,
  actor: Actor,
): Promise<Operation | undefined> {
  const { workspace, record } = found;
  const { run_id } = record;
  const asked = {
    kind: 'rollback' as const,
    run_id,
    of: undefined,
    request: JSON.stringify({ paths: request.paths ?? null, refs: request.refs }),
    actor,
  };
  const open = await interruptedOf(workspace);
  if (isNothing(plan) && !open.some((one) => isSameRequest(one.plan, asked))) return undefined;
  return operate(host, workspace, asked, async () => {
    await requirePossible(plan, found);
    const paths = plan.steps.map(({ path }) => path);
    await requireNoWriter(workspace, plan.tree, paths);
    const { tree, format, steps, folders, purge } = plan;
    return {
      change: { ...tree, object_format: format, steps, folders, purge },
      fill: (blobs) =>
        eachBlob(snapshots.base, plan.blobs, host.env, async (_id, content) => {
          await blobs.put(content);
        }),
    };
  });
}

export function isNothing({
  steps,
  folders,
  purge,
  conflicts,
  not_restorable,
}: RollbackPlan): boolean {
  return [steps, folders, purge, conflicts, not_restorable].every((list) => list.length === 0);
}

async function requireEnded(host: Host, found: FoundRun): Promise<void> {
  const { run, state } = await lookAt(host, found);
  const { run_id } = run.record;
  if (state === 'lost') {
    throw new CcError('NEEDS_RECOVERY', `Nobody supervises run ${run_id}.`, {
      hint: 'Recover it with cc_recover_runs first.',
    });
  }
  if (isFinal(run.record.state)) return;
  throw new CcError('STILL_RUNNING', `Run ${run_id} is ${state}; its files still change.`, {
    hint: 'Wait for it with cc_wait_runs, or stop it with cc_stop_run.',
    retryable: true,
  });
}

async function requirePossible(plan: RollbackPlan, found: FoundRun): Promise<void> {
  const { conflicts, not_restorable } = plan;
  if (conflicts.length > 0) {
    const later = await changedBy(found, conflicts);
    const who = later === undefined ? '' : ` (by ${later}, say)`;
    throw new CcError(
      'CHECK_FAILED',
      `${plural(conflicts.length, 'file was', 'files were')} changed since the run${who}; that would be lost.`,
      {
        hint:
          later === undefined
            ? 'Commit or move those edits away, or leave these files out with paths.'
            : `Roll back ${later} first, or leave these files out with paths.`,
        details: { conflicts: conflicts.slice(0, NAMED) },
      },
    );
  }
  if (not_restorable.length === 0) return;
  throw new CcError(
    'CHECK_FAILED',
    `The content of ${not_restorable.length} files was not kept, so they cannot be put back.`,
    {
      hint: 'Name the others with paths, or restore these by hand (installed packages: install them again).',
      details: { not_restorable: not_restorable.slice(0, NAMED) },
    },
  );
}
