import { CcError } from '../core/errors.ts';
import { neutralise } from '../core/text.ts';
import { isFinal } from '../core/vocabulary.ts';
import { makePrivateDir, writeFileAtomic } from '../store/atomic.ts';
import { withLease } from '../store/lease.ts';
import { privateRunPaths } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import { initWorkspace } from '../workspace/init.ts';
import { runPaths, sharedPaths, type Workspace } from '../workspace/layout.ts';
import type { Place } from '../workspace/resolve.ts';
import { admitRun } from './cost-guard/admit.ts';
import { rememberKey, runOfKey } from './keys.ts';
import { rememberLast } from './last.ts';
import { recordDispatch } from './ledger.ts';
import { activeRuns } from './list.ts';
import { requireNoOperation } from './operation-lease.ts';
import { controllerOf, leaveNote, removeNote, type WakeTarget } from './outbox.ts';
import type { RunPlan, RunRequest } from './plan.ts';
import { dropTrial, planTrial } from './plan-trial.ts';
import { type RunRecord, writeRecord } from './record.ts';
import { freeSlot, takeSlot } from './slots.ts';
import { startSupervisor } from './start-supervisor.ts';
import { wakeTarget } from './wake.ts';
import { makeWorktree } from './worktrees/make.ts';
import { requireNoOverlap } from './worktrees/overlap.ts';
import { dropWorktree, joinWorktree } from './worktrees/store.ts';

const LEASE_WAIT_MS = 30_000;

export type Launched = { record: RunRecord; plan: RunPlan | undefined; existing: boolean };

/**
 * Starts a run: plan, slot, directory, journaled intent, supervisor. Returns as soon as the
 * supervisor has been started; nothing waits for the worker. With an idempotency key that was used
 * before, the earlier run is returned and nothing starts.
 */
export async function launchRun(host: Host, place: Place, request: RunRequest): Promise<Launched> {
  if (request.isolation === 'worktree' && request.worktree === undefined) {
    return inNewWorktree(host, place, request);
  }
  const plan = await planTrial(host, place, request);
  let began = false;
  try {
    const launched = await launchPlan(host, place, request, plan);
    began = !launched.existing;
    return launched;
  } finally {
    if (!began) await dropTrial(host, plan);
  }
}

async function inNewWorktree(host: Host, place: Place, request: RunRequest): Promise<Launched> {
  // What was started with this key before needs no other copy.
  const existing = await runOfKey(place.workspace, request.idempotencyKey);
  const { worktree, cwd } =
    existing?.worktree === undefined
      ? await makeWorktree(host, place, { asItIs: request.workflow !== undefined })
      : { worktree: existing.worktree, cwd: existing.cwd };
  let isUsed = existing !== undefined;
  try {
    const launched = await launchRun(host, { ...place, cwd }, { ...request, worktree });
    isUsed ||= launched.record.worktree?.id === worktree.id;
    return launched;
  } finally {
    if (!isUsed) await dropWorktree(host, worktree.id);
  }
}

async function launchPlan(
  host: Host,
  place: Place,
  request: RunRequest,
  plan: RunPlan,
): Promise<Launched> {
  const wake = request.wakes ?? wakeTarget(host.env, request, plan.policy.wake_codex);
  const { workspace } = place;
  const { record } = plan;
  await initWorkspace(workspace, host.home, host.clock);
  const earlier = await withLease(sharedPaths(workspace).launchLease, LEASE_WAIT_MS, async () => {
    const existing = await runOfKey(workspace, record.idempotency_key);
    if (existing !== undefined) return existing;
    await requireFreeLineage(workspace, record);
    if (record.scope !== null && record.worktree === undefined) requireNoOperation(workspace);
    await requireNoOverlap(workspace, record);
    await admitRun(host, workspace, record, () =>
      takeSlot(host, workspace, {
        runId: record.run_id,
        profile: record.profile.id,
        limit: plan.policy.max_concurrent,
        intervalMs: plan.policy.start_interval_ms,
      }),
    );
    try {
      await createRun(host, workspace, plan, wake);
    } catch (error) {
      await freeSlot(workspace, record.run_id);
      await removeNote(host, controllerOf(record), record.run_id);
      throw error;
    }
    return undefined;
  });
  if (earlier !== undefined) {
    requireSameTask(earlier, record);
    if (!isFinal(earlier.state) && hasController(earlier))
      await leaveNote(host, controllerOf(record), earlier, wake);
    return { record: earlier, plan: undefined, existing: true };
  }
  await startSupervisor(host, record, plan.workerEnv);
  return { record, plan, existing: false };
}

/** Two resumes of one session both succeed, and the work of one is lost (claude-code-cli.md §4 "Resume"). */
async function requireFreeLineage(workspace: Workspace, record: RunRecord): Promise<void> {
  if (record.lineage === undefined) return;
  const { root } = record.lineage;
  const active = (await activeRuns(workspace)).find(
    (run) => (run.record.lineage?.root ?? run.record.run_id) === root,
  );
  if (active === undefined) return;
  const { run_id } = active.record;
  throw new CcError('NOT_ALLOWED', `The task is being continued already, by ${run_id}.`, {
    hint: `Send the instruction to ${run_id}.`,
    details: { active: run_id },
  });
}

async function createRun(
  host: Host,
  workspace: Workspace,
  plan: RunPlan,
  wake: WakeTarget | undefined,
): Promise<void> {
  const { record, texts, roleText, hide } = plan;
  const paths = runPaths(workspace, record.run_id);
  const privatePaths = privateRunPaths(host.home, record.run_id);
  await makePrivateDir(paths.inbox);
  await makePrivateDir(privatePaths.dir);
  await writeFileAtomic(privatePaths.roleText, roleText);
  await writeFileAtomic(privatePaths.prompt, JSON.stringify(texts), { durable: true });
  await writeFileAtomic(paths.prompt, `${hide(neutralise(texts.join('\n\n---\n\n')))}\n`);
  if (hasController(record)) await leaveNote(host, controllerOf(record), record, wake);
  await rememberKey(workspace, record);
  if (hasController(record)) await rememberLast(workspace, record);
  if (record.worktree !== undefined) await joinWorktree(host, record.worktree.id, record.run_id);
  await recordDispatch(host, workspace, record);
  // From here on the run exists: whoever finds it without a supervisor carries it on or ends it. So it
  // is the last thing to be written; what fails after it would be told as a launch that failed.
  await writeRecord(paths, record);
}

/** Somebody wants to be told of its end: of a trial nobody, of a node of a workflow the workflow. */
function hasController({ trial, workflow }: RunRecord): boolean {
  return trial === undefined && workflow === undefined;
}

/** A key stands for one task; answering another one with the first run would look like success. */
function requireSameTask(earlier: RunRecord, wanted: RunRecord): void {
  const same =
    earlier.task_sha256 === wanted.task_sha256 &&
    JSON.stringify(earlier.scope) === JSON.stringify(wanted.scope);
  if (same) return;
  throw new CcError(
    'BAD_INPUT',
    `This idempotency_key belongs to another task (${earlier.run_id}).`,
    {
      hint: 'Use a new key for a new task; to see the earlier run, read its status.',
    },
  );
}
