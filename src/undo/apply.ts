import { CcError } from '../core/errors.ts';
import { compact } from '../core/json.ts';
import { plural } from '../core/text.ts';
import { isFinal } from '../core/vocabulary.ts';
import { eachBlob } from '../git/whole/blobs.ts';
import type { Actor } from '../ledger/entry.ts';
import type { FoundRun } from '../runs/find.ts';
import type { RunRecord, Worktree } from '../runs/record.ts';
import { lookAt } from '../runs/view.ts';
import { settleWorktree } from '../runs/worktrees/store.ts';
import { latestVerification } from '../verification/store.ts';
import type { Host } from '../workspace/host.ts';
import {
  applyBranch,
  commitOnHead,
  filesOfCommit,
  headOf,
  makeCommit,
  stagedAmong,
} from './apply-branch.ts';
import { type ApplyPlan, planApply } from './apply-plan.ts';
import { interruptedOf, isSameRequest, operate } from './operate.ts';
import { requireNoWriter } from './other-writers.ts';
import { changeView } from './view.ts';

const APPLY_AS = ['patch', 'commit', 'branch', 'discard'] as const;
export type ApplyRequest = {
  as: (typeof APPLY_AS)[number];
  apply: boolean;
  /** Why it is applied without an accepting verification. */
  force: string | undefined;
};

const NAMED = 50;

/** Brings the result of an isolated run into the project, or shows what that would do. */
export async function applyRun(host: Host, found: FoundRun, request: ApplyRequest, actor: Actor) {
  const { run, state } = await lookAt(host, found);
  const { record, workspace } = run;
  const { run_id } = record;
  const worktree = requireIsolated(record);
  if (!isFinal(record.state)) {
    throw new CcError('STILL_RUNNING', `Run ${run_id} is ${state}.`, {
      hint: 'Wait for it with cc_wait_runs, or stop it with cc_stop_run.',
      retryable: true,
    });
  }
  if (request.as === 'discard') {
    if (request.apply) await settleWorktree(host.home, worktree.id, 'discarded');
    return {
      run_id,
      as: request.as,
      applied: request.apply,
      hint: 'cc_clean_workspace removes it.',
    };
  }
  const verdict = (await latestVerification(run.paths))?.verdict;
  const isBranch = request.as === 'branch';
  const plan = await (isBranch
    ? planApply(host, run, worktree, filesOfCommit(host, run, 'start'))
    : planApply(host, run, worktree));
  const told = {
    run_id,
    as: request.as,
    ...changeView(plan.change),
    ...compact({ verdict: verdict ?? 'none' }),
    ...(plan.merged.length === 0 ? {} : { merged: plan.merged.slice(0, NAMED) }),
  };
  if (!request.apply) {
    const { conflicts } = plan;
    return {
      ...told,
      applied: false,
      ...(conflicts.length === 0 ? {} : { conflicts: conflicts.slice(0, NAMED) }),
      hint: 'A preview. Do it with apply: true.',
    };
  }
  requireAccepted(run_id, verdict, request.force);
  requireNoConflict(plan.conflicts);
  const nothing = async () => {
    await settleWorktree(host.home, worktree.id, 'applied');
    return { ...told, applied: false, hint: 'Nothing is left to apply.' };
  };
  const isEmpty = plan.change.steps.length === 0;
  if (isBranch) {
    if (isEmpty) return nothing();
    const branch = await applyBranch(host, run, plan, { actor, facts: factsOf(request, verdict) });
    await settleWorktree(host.home, worktree.id, 'applied');
    return { ...told, applied: true, branch, hint: `git merge ${branch} brings it in.` };
  }
  const commit =
    request.as === 'commit' ? await prepareCommit(host, run, worktree, plan) : undefined;
  const asked = {
    kind: 'apply' as const,
    run_id,
    of: undefined,
    request: JSON.stringify({ as: request.as }),
    actor,
  };
  const goesOn = (await interruptedOf(workspace)).some((one) => isSameRequest(one.plan, asked));
  if (isEmpty && commit === undefined && !goesOn) return nothing();
  const facts = { ...factsOf(request, verdict), ...compact({ commit: commit?.id }) };
  const done = await operate(host, workspace, { ...asked, facts }, async () => {
    const paths = plan.change.steps.map(({ path }) => path);
    await requireNoWriter(workspace, plan.change, paths);
    return {
      change: plan.change,
      fill: async (blobs) => {
        for (const content of plan.contents.values()) await blobs.put(content);
        await eachBlob(plan.after, plan.blobs, host.env, async (_id, content) => {
          await blobs.put(content);
        });
      },
    };
  });
  if (commit !== undefined) await commitOnHead(host, plan.change.root, commit.id, commit.head);
  await settleWorktree(host.home, worktree.id, 'applied');
  const hint =
    commit === undefined
      ? 'cc_undo takes it back.'
      : `cc_undo takes the files back, git revert ${commit.id.slice(0, 12)} the commit.`;
  return {
    ...told,
    applied: true,
    op_id: done.plan.op_id,
    ...compact({ commit: commit?.id }),
    hint,
  };
}

/** The same result on top of HEAD alone, so that no unfinished edit of the user's gets into the commit. */
async function prepareCommit(
  host: Host,
  run: FoundRun,
  worktree: Worktree,
  { change }: ApplyPlan,
): Promise<{ id: string; head: string } | undefined> {
  const onHead = await planApply(host, run, worktree, filesOfCommit(host, run, 'HEAD'));
  requireNoConflict(onHead.conflicts);
  const paths = onHead.change.steps.map(({ path }) => path);
  if (paths.length === 0) return undefined;
  const staged = await stagedAmong(host, change.root, paths);
  requireNoConflict(staged.map((path) => `${path}: staged by you`));
  const head = (await headOf(host, change.root)) ?? '';
  return { id: await makeCommit(host, run, onHead, head), head };
}

function requireIsolated({ worktree, run_id }: RunRecord): Worktree {
  if (worktree !== undefined) return worktree;
  throw new CcError('BAD_INPUT', `${run_id} worked in the project itself.`, {
    hint: 'Only the result of a run with isolation: "worktree" has to be applied.',
  });
}

function requireAccepted(
  runId: string,
  verdict: string | undefined,
  force: string | undefined,
): void {
  if (verdict === 'accept' || force !== undefined) return;
  const what = verdict === undefined ? 'was not verified' : `was verified with ${verdict}`;
  throw new CcError('CHECK_FAILED', `${runId} ${what}.`, {
    hint: 'Verify it with cc_verify_run; to apply it all the same, say why with force.',
  });
}

function requireNoConflict(conflicts: readonly string[]): void {
  if (conflicts.length === 0) return;
  throw new CcError(
    'CHECK_FAILED',
    `${plural(conflicts.length, 'place conflicts', 'places conflict')} with the project.`,
    {
      hint: 'Nothing was applied. Resolve them: commit or move your edits, or take it as a branch and merge it.',
      details: { conflicts: conflicts.slice(0, NAMED) },
    },
  );
}

function factsOf({ as, force }: ApplyRequest, verdict: string | undefined) {
  return { as, verdict: verdict ?? 'none', ...compact({ forced: force }) };
}
