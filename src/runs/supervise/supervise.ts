import { readFileSync, rmSync } from 'node:fs';
import { isoTime } from '../../core/clock.ts';
import { CcError, isStorageFull, toErrorFacts } from '../../core/errors.ts';
import { createByteRedactor, createRedactor } from '../../core/redact.ts';
import { isFinal } from '../../core/vocabulary.ts';
import { describeHead } from '../../git/head.ts';
import { takeSnapshot } from '../../git/snapshot.ts';
import { type ProcessIdentity, stateOf } from '../../proc/identity.ts';
import { killProcess } from '../../proc/terminate.ts';
import { projectGuidance } from '../../prompts/guidance.ts';
import { systemPrompt } from '../../prompts/system.ts';
import { readJson, writeFileAtomic } from '../../store/atomic.ts';
import { Lease, topLease } from '../../store/lease.ts';
import { requireWritableVersion } from '../../store/versions.ts';
import { privateRunPaths } from '../../workspace/home.ts';
import type { Host } from '../../workspace/host.ts';
import { type RunPaths, runPaths, workspaceAt } from '../../workspace/layout.ts';
import { type RunRecord, readRecord, runOutcome, writeRecord } from '../record.ts';
import { progressSummary } from '../summarise.ts';
import type { AttemptPlan } from './attempt.ts';
import { type FinishParts, finishRun, settleRun, writeEnded } from './finish.ts';
import { giveUp } from './give-up.ts';
import { Journal } from './journal.ts';
import { RequestDesk } from './requests.ts';
import { carriedTime, Stopwatch } from './stopwatch.ts';
import { SummaryWriter } from './summary.ts';
import { Supervisor } from './supervisor.ts';
import { watchLimits } from './watch-limits.ts';

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
  if (isFinal(record.state)) return;
  requireWritableVersion(record, paths.metadata);
  await endFrozenHolder(paths);
  const lease = Lease.tryAcquire(paths.lease, isUp);
  if (!(lease instanceof Lease)) return;
  record = await readRecord(paths, runId);
  if (isFinal(record.state)) return lease.release();
  try {
    await own(assignment, record, paths, lease);
    lease.release();
  } catch (error) {
    // Whoever took over goes on from the files; nothing of ours may be written any more.
    if (error instanceof CcError && error.code === 'LEASE_LOST') return;
    await giveUp(assignment.host, paths, runId, error);
    lease.release();
    throw error;
  }
}

async function own(
  { host, runId, workerEnv }: Assignment,
  initial: RunRecord,
  paths: RunPaths,
  lease: Lease,
): Promise<void> {
  let record = initial;
  const privatePaths = privateRunPaths(host.home, runId);
  const redact = createRedactor(secretsOf(record, workerEnv));
  const journal = Journal.open(paths.events, { lease, clock: host.clock, redact });
  const takeOver = journal.progress.seq > 0;
  const last = progressSummary.safeParse(await readJson(paths.summary).catch(() => undefined)).data;
  const stopwatch = new Stopwatch(
    host.clock,
    carriedTime(last, host.clock.now()),
    record.budget.wall_seconds * 1000,
  );
  const update = async (fields: Partial<RunRecord>) => {
    record = { ...record, ...fields };
    await writeRecord(paths, record);
  };
  if (!takeOver) journal.record('cc.run.started', startFacts(record));
  journal.record('cc.supervisor.started', { pid: process.pid, take_over: takeOver });
  await writeFileAtomic(paths.ballast, Buffer.alloc(BALLAST_BYTES));
  if (record.scope !== null && record.base === null) {
    await update({ base: await snapshotBase(record, host, privatePaths.objects) });
  }
  const summary = new SummaryWriter(paths, host.clock, stopwatch);
  const supervisor = new Supervisor({
    runId,
    takeOver,
    clock: host.clock,
    journal,
    plan: attemptPlan(record, privatePaths, workerEnv),
    stopwatch,
    summary,
    desk: new RequestDesk(paths.inbox, journal, host.clock),
    watchDirs: [privatePaths.dir, paths.inbox],
    onRunning: () => update({ state: 'running', started: isoTime(host.clock.now()) }),
  });
  const finishParts = (): FinishParts => ({
    host,
    record,
    paths,
    privatePaths,
    journal,
    redact,
    startError: supervisor.startError,
    leftProcesses: supervisor.left,
  });
  try {
    const journaled = runOutcome.safeParse(journal.progress.outcome).data;
    if (journaled === undefined) {
      await supervisor.run();
      await update({ state: 'finalizing' });
    }
    const outcome = journaled ?? (await finishRun(finishParts()));
    // Before the record says that it is over, so that whoever reads that finds the last figures.
    await summary.write(journal.progress, { now: true, outcome });
    await settleRun(finishParts(), outcome, stopwatch.elapsedMs());
  } catch (error) {
    if (!isStorageFull(error)) {
      await supervisor.abandon();
      throw error;
    }
    rmSync(paths.ballast, { force: true });
    journal.progress.stop ??= { reason: 'disk_full', by: 'supervisor', detail: String(error) };
    await supervisor.abandon();
    await writeEnded(finishParts(), await finishRun(finishParts()), stopwatch.elapsedMs());
  } finally {
    journal.close();
    rmSync(paths.ballast, { force: true });
  }
}

/** A holder that is stopped would never answer; it is ended before its run is taken over. */
async function endFrozenHolder(paths: RunPaths): Promise<void> {
  const top = topLease(paths.lease);
  if (top === undefined || top.released || isUp(top.holder)) return;
  await killProcess(top.holder);
}

/** Living and not frozen. */
export function isUp(holder: ProcessIdentity): boolean {
  return stateOf(holder) === 'running';
}

function secretsOf(record: RunRecord, workerEnv: Readonly<Record<string, string>>): string[] {
  return record.worker.secret_env.flatMap((name) => workerEnv[name] ?? []);
}

function startFacts(record: RunRecord): Record<string, unknown> {
  return {
    run_id: record.run_id,
    role: record.role,
    profile: record.profile.id,
    model: record.model,
    scope: record.scope,
    budget: record.budget,
    cwd: record.cwd,
    root: record.workspace,
    worker_version: record.worker.version,
  };
}

/** The state everything will be compared with. Without git there is none, and that is said. */
async function snapshotBase(
  record: RunRecord,
  host: Host,
  privateDir: string,
): Promise<RunRecord['base']> {
  try {
    const [head, snapshot] = await Promise.all([
      describeHead(record.cwd, { env: host.env }),
      takeSnapshot(record.cwd, { privateDir, env: host.env }),
    ]);
    const { tree, object_dir, root } = snapshot;
    return { head: head.head, snapshot: { tree, object_dir, root } };
  } catch (error) {
    if (toErrorFacts(error).code === 'NOT_A_GIT_REPOSITORY') return { head: null, snapshot: null };
    throw error;
  }
}

function attemptPlan(
  record: RunRecord,
  paths: AttemptPlan['paths'],
  workerEnv: Readonly<Record<string, string>>,
): AttemptPlan {
  const guidance =
    record.guidance_files.length === 0 ? undefined : projectGuidance(record.workspace, record.cwd);
  return {
    record,
    paths,
    workerEnv,
    guard: { cwd: record.cwd, root: record.workspace, scope: record.scope ?? undefined },
    texts: JSON.parse(readFileSync(paths.prompt, 'utf8')) as string[],
    systemPrompt: systemPrompt({
      role: record.role,
      scope: record.scope ?? undefined,
      budget: record.budget,
      guidance,
    }),
    hide: createByteRedactor(secretsOf(record, workerEnv)),
    wallSeconds: record.budget.wall_seconds,
    watch: watchLimits(record),
  };
}
