import { compact } from '../core/json.ts';
import type { Actor } from '../ledger/entry.ts';
import type { FoundRun } from '../runs/find.ts';
import type { Host } from '../workspace/host.ts';
import type { Workspace } from '../workspace/layout.ts';
import { isNothing, previewRollback, rollbackRun } from './rollback.ts';
import { requireKnownPaths } from './rollback-plan.ts';
import { type Direction, operationMeant, planReversal, reverse } from './undo.ts';
import { changeView, commitsNote, named } from './view.ts';

const NOTHING = { written: 0, removed: 0, folders: 0, paths: [] };

/** What cc_rollback_run answers. */
export async function answerRollback(
  host: Host,
  run: FoundRun,
  asked: {
    paths?: readonly string[] | undefined;
    refs?: boolean | undefined;
    apply?: boolean | undefined;
  },
  actor: Actor,
) {
  const { run_id } = run.record;
  const request = { paths: requireKnownPaths(asked.paths), refs: asked.refs ?? false };
  const preview = await previewRollback(host, run, request);
  if (preview === undefined) {
    return { run_id, applied: false, ...NOTHING, hint: 'The run changed nothing.' };
  }
  const { plan, snapshots } = preview;
  const told = {
    ...named('unattributed', plan.unattributed),
    ...named('left', plan.left),
    ...compact({
      already: plan.already === 0 ? undefined : plan.already,
      commits: commitsNote(snapshots.changes, plan, request.refs),
    }),
  };
  if (asked.apply === true) {
    const done = await rollbackRun(host, run, request, preview, actor);
    const change = done === undefined ? NOTHING : changeView(done.plan);
    return {
      run_id,
      applied: done !== undefined,
      ...compact({ op_id: done?.plan.op_id }),
      ...change,
      ...told,
      hint: done === undefined ? 'Nothing is left to put back.' : 'cc_undo takes it back.',
    };
  }
  return {
    run_id,
    applied: false,
    ...changeView(plan),
    ...named('conflicts', plan.conflicts),
    ...named('not_restorable', plan.not_restorable),
    ...told,
    hint: isNothing(plan) ? 'Nothing is left to put back.' : 'A preview. Do it with apply: true.',
  };
}

/** What cc_undo and cc_redo answer. */
export async function answerReversal(
  host: Host,
  workspace: Workspace,
  direction: Direction,
  asked: { op_id?: string | undefined; apply?: boolean | undefined },
  actor: Actor,
) {
  const operation = await operationMeant(workspace, direction, asked.op_id);
  const { op_id, kind, run_id } = operation.plan;
  const of = { op_id, kind, run_id };
  if (asked.apply === true) {
    const done = await reverse(host, workspace, direction, operation, actor);
    const back = direction === 'undo' ? 'cc_redo does it again.' : 'cc_undo takes it back.';
    return { of, applied: true, op_id: done.plan.op_id, ...changeView(done.plan), hint: back };
  }
  const { change, conflicts, not_restorable } = await planReversal(
    host,
    workspace,
    direction,
    operation,
  );
  return {
    of,
    applied: false,
    ...changeView(change),
    ...named('conflicts', conflicts),
    ...named('not_restorable', not_restorable),
    hint: 'A preview. Do it with apply: true.',
  };
}
