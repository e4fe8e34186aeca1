import { rmSync } from 'node:fs';
import { isoTime } from '../../core/clock.ts';
import { CcError, isStorageFull } from '../../core/errors.ts';
import { redact } from '../../core/redact.ts';
import { isFinal } from '../../core/vocabulary.ts';
import { writeFileAtomic } from '../../store/atomic.ts';
import { type Lease, topLease } from '../../store/lease.ts';
import { requireWritableVersion } from '../../store/versions.ts';
import { privateRunPaths } from '../../workspace/home.ts';
import type { Host } from '../../workspace/host.ts';
import { type RunPaths, runPaths, workspaceAt } from '../../workspace/layout.ts';
import { takeBase } from '../changes/snapshots.ts';
import { CostGuard } from '../cost-guard/guard.ts';
import {
  type RunOutcome,
  type RunRecord,
  readRecord,
  runOutcome,
  treeRoot,
  writeRecord,
} from '../record.ts';
import { hasToWake, wakeControllers } from '../wake.ts';
import { setUpWorktree } from '../worktrees/set-up.ts';
import { attemptPlan } from './attempt-plan.ts';
import { type FinishParts, finishRun, settleRun, writeEnded } from './finish.ts';
import { giveUp } from './give-up.ts';
import { Journal } from './journal.ts';
import { becomeOwner } from './ownership.ts';
import { RequestDesk } from './requests.ts';
import { RunSecrets, secretsOf } from './run-secrets.ts';
import { goOnCounting } from './stopwatch.ts';
import { SummaryWriter } from './summary.ts';
import { Supervisor } from './supervisor.ts';

/** Room for the last words of a run on a full disk; removed when they must be written. */
const BALLAST_BYTES = 64 << 10;

export type Assignment = {
  host: Host;
  /** Project directory of the workspace. */
  root: string;
  runId: string;
  /** For the worker only, credentials included. */
  workerEnv: Readonly<Record<string, string>>;
};

/**
 * The whole life of a supervisor: become the owner of the run, follow its worker to the end, judge,
 * settle. Returns at once when a living supervisor owns the run or the run is final.
 */
export async function supervise(assignment: Assignment): Promise<void> {
  const { root, runId } = assignment;
  const paths = runPaths(workspaceAt(root), runId);
  let record = await readRecord(paths, runId);
  if (isFinal(record.state)) return wakeLate(assignment, record, paths);
  requireWritableVersion(record, paths.metadata);
  const lease = await becomeOwner(paths);
  if (lease === undefined) return;
  record = await readRecord(paths, runId);
  if (isFinal(record.state)) return lease.release();
  try {
    await own(assignment, record, paths, lease);
  } catch (error) {
    // Whoever took over goes on from the files; nothing of ours may be written any more.
    if (isLost(error)) return;
    await giveUp(assignment.host, { paths, runId, lease, error, workerEnv: assignment.workerEnv });
    lease.release();
    await wakeLate(assignment, await readRecord(paths, runId), paths).catch(() => undefined);
    throw error;
  }
  lease.release();
}

async function own(
  { host, runId, workerEnv }: Assignment,
  initial: RunRecord,
  paths: RunPaths,
  lease: Lease,
): Promise<void> {
  let record = initial;
  const privatePaths = privateRunPaths(host.home, runId);
  const secrets = await RunSecrets.open(host, secretsOf(record, workerEnv));
  const { redact, note, own } = secrets;
  const journal = Journal.open(paths.events, { lease, clock: host.clock, redact, note, own });
  const takeOver = journal.progress.seq > 0;
  const stopwatch = await goOnCounting(host.clock, record, paths);
  const update = async (fields: Partial<RunRecord>) => {
    record = { ...record, ...fields };
    await writeRecord(paths, record);
  };
  if (!takeOver) {
    journal.record('cc.run.started', startFacts(record));
    const from = record.lineage?.moved;
    if (from !== undefined) journal.record('cc.run.moved', { from, to: routeName(record) });
  }
  journal.record('cc.supervisor.started', { pid: process.pid, take_over: takeOver });
  await writeFileAtomic(paths.ballast, Buffer.alloc(BALLAST_BYTES));
  if (record.base === null) {
    await setUpWorktree(host, record);
    await update({ base: await takeBase(host, record) });
  }
  const summary = new SummaryWriter(paths, host.clock, stopwatch, record.context_window);
  const supervisor = new Supervisor({
    runId,
    takeOver,
    clock: host.clock,
    journal,
    plan: attemptPlan(record, privatePaths, workerEnv, host.home.root),
    stopwatch,
    summary,
    desk: new RequestDesk(paths.inbox, journal, host.clock),
    watchDirs: [privatePaths.dir, paths.inbox],
    guard: new CostGuard(host, record),
    onState: async (state) => {
      await secrets.prepare();
      await update({ state, started: record.started ?? isoTime(host.clock.now()) });
      if (state !== 'waiting_answer') return;
      // Not awaited: the worker waits, the run does not.
      void wakeControllers(host, record, 'question', (facts) =>
        journal.record('cc.controller.woken', facts),
      );
    },
  });
  const finishParts = (): FinishParts => ({
    host,
    record,
    paths,
    privatePaths,
    journal,
    secrets,
    startError: supervisor.startError,
    leftProcesses: supervisor.left,
  });
  try {
    const journaled = endOf(journal);
    if (takeOver) await secrets.prepare();
    if (journaled === undefined) {
      await supervisor.run();
      await update({ state: 'finalizing' });
    }
    const outcome = journaled ?? (await finishRun(finishParts()));
    // Before the record says that it is over, so that whoever reads that finds the last figures.
    await summary.write(journal.progress, { now: true, outcome });
    await settleRun(finishParts(), outcome, stopwatch.elapsedMs());
    await wakeControllers(host, { ...record, state: outcome.state }, 'ended', (facts) =>
      journal.record('cc.controller.woken', facts),
    );
  } catch (error) {
    // A worker that somebody else supervises by now is not ours to end.
    if (isLost(error) && topLease(paths.lease) !== undefined) throw error;
    await supervisor.abandon();
    if (!isStorageFull(error)) throw error;
    // Only now, or the worker would fill what becomes free.
    rmSync(paths.ballast, { force: true });
    journal.progress.stop ??= { reason: 'disk_full', by: 'supervisor', detail: String(error) };
    const outcome = endOf(journal) ?? (await finishRun(finishParts()));
    await settleRun(finishParts(), outcome, stopwatch.elapsedMs()).catch(async (again: unknown) => {
      if (!isStorageFull(again)) throw again;
      await writeEnded(finishParts(), outcome, stopwatch.elapsedMs());
    });
  } finally {
    journal.close();
    rmSync(paths.ballast, { force: true });
  }
}

/** A predecessor ended the run and vanished before it had woken who asked for that. */
async function wakeLate(
  { host, runId }: Assignment,
  record: RunRecord,
  paths: RunPaths,
): Promise<void> {
  if (!(await hasToWake(host, runId))) return;
  const lease = await becomeOwner(paths);
  if (lease === undefined) return;
  const journal = Journal.open(paths.events, { lease, clock: host.clock, redact });
  await wakeControllers(host, record, 'ended', (facts) =>
    journal.record('cc.controller.woken', facts),
  );
  journal.close();
  lease.release();
}

/** The verdict where it stands in the events already; there is never a second one. */
function endOf(journal: Journal): RunOutcome | undefined {
  return runOutcome.safeParse(journal.progress.outcome).data;
}

function isLost(error: unknown): boolean {
  return error instanceof CcError && error.code === 'LEASE_LOST';
}

function routeName({ profile, model }: RunRecord): string {
  return `${profile.id} ${model ?? 'default'}`;
}

function startFacts(record: RunRecord): Record<string, unknown> {
  return {
    run_id: record.run_id,
    role: record.role,
    profile: record.profile.id,
    model: record.model,
    scope: record.scope,
    posture: record.posture,
    budget: record.budget,
    cwd: record.cwd,
    root: treeRoot(record),
    worker_version: record.worker.version,
  };
}
