import { sleep } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { lazy } from '../core/lazy.ts';
import { isFinal } from '../core/vocabulary.ts';
import { stateOf } from '../proc/identity.ts';
import { killProcess, terminateTree } from '../proc/terminate.ts';
import { findByCookie } from '../proc/tree.ts';
import type { Lease } from '../store/lease.ts';
import { RUN_COOKIE } from '../workers/claude/environment.ts';
import type { Host } from '../workspace/host.ts';
import type { FoundRun } from './find.ts';
import { readRecord } from './record.ts';
import { startSuccessor, supervisionOf, workerEnvironment } from './recover.ts';
import { becomeOwner, endFrozenRivals } from './supervise/ownership.ts';

/** It brings the whole supervisor with it, and is hardly ever needed. */
const loadGiveUp = /* @__PURE__ */ lazy(() => import('./supervise/give-up.ts'));

/** Supervisors that may vanish one after the other before a run is given up. */
const ATTEMPTS = 6;
/** How long a living supervisor may take to become owner, on a machine that is busy. */
const UP_MS = 20_000;
const LOOK_MS = 25;

/** What a thorough look at a run came to; `fine` means that there was nothing to do. */
export type Recovery = 'fine' | 'supervised' | 'ended' | 'still_starting';

/**
 * Sees a run through until somebody really supervises it or it is over. Unlike a reader, which looks
 * again anyway, a recovery comes by once: it waits for the new supervisor, starts another one when
 * that vanished, and ends the run with its processes when none can be kept up.
 */
export async function recoverRun(
  host: Host,
  run: FoundRun,
  signal: AbortSignal,
): Promise<Recovery> {
  for (let attempt = 0; ; attempt += 1) {
    const before = await onceLaunched(host, run, signal);
    if (before === 'ended') return attempt === 0 ? 'fine' : 'ended';
    if (before !== 'unsupervised') return attempt === 0 ? 'fine' : 'supervised';
    if (attempt === ATTEMPTS) return endUnsupervised(host, run);
    if (!(await startAndWait(host, run, signal))) return 'still_starting';
  }
}

/** A launch that is under way may still fail, and then nobody would come by again. */
async function onceLaunched(host: Host, run: FoundRun, signal: AbortSignal) {
  for (;;) {
    const state = await supervision(host, run);
    if (state !== 'starting' || signal.aborted) return state;
    await sleep(LOOK_MS, signal);
  }
}

/** False when the new supervisor lives and has still not become owner. */
async function startAndWait(host: Host, run: FoundRun, signal: AbortSignal): Promise<boolean> {
  let supervisor: Awaited<ReturnType<typeof startSuccessor>>;
  try {
    supervisor = await startSuccessor(host, run.record);
  } catch {
    return true; // the next attempt, or the end of the run
  }
  const until = host.clock.monotonic() + UP_MS;
  for (;;) {
    // In this order: one that is gone by now has done all it will ever do.
    const lives = stateOf(supervisor) === 'running';
    if (!lives) await killProcess(supervisor); // frozen, it would never come
    if (!lives || (await supervision(host, run)) !== 'unsupervised') return true;
    if (host.clock.monotonic() > until || signal.aborted) return false;
    await sleep(LOOK_MS, signal);
  }
}

async function supervision(host: Host, run: FoundRun) {
  const record = await readRecord(run.paths, run.record.run_id);
  return supervisionOf({ ...run, record }, host.clock.now());
}

async function endUnsupervised(host: Host, run: FoundRun): Promise<Recovery> {
  const { giveUp } = await loadGiveUp();
  // A broken policy must not keep a run from its end.
  const workerEnv = await workerEnvironment(host, run.record).catch(() => ({}));
  const ended = await asOwner(run, async (lease) => {
    const error = new CcError('LEASE_LOST', `${ATTEMPTS} supervisors in a row vanished.`, {
      hint: 'Its events show how far it came; run `cc-orchestrator healthcheck`.',
    });
    await giveUp(host, {
      paths: run.paths,
      runId: run.record.run_id,
      lease,
      error,
      failureClass: 'supervisor_lost',
      workerEnv,
    });
  });
  return ended ? 'ended' : 'fine';
}

/** Ends what a final run has left behind; answers how many processes that were. */
export async function endLeftovers(run: FoundRun): Promise<number> {
  let count = await endFrozenRivals(run.record.run_id);
  if (findByCookie(RUN_COOKIE, run.record.run_id).length === 0) return count;
  await asOwner(run, async () => {
    const { run_id } = run.record;
    // Meanwhile it may have been resumed, and these be the processes of a living worker.
    if (!isFinal((await readRecord(run.paths, run_id)).state)) return;
    count += await endProcesses(run_id);
  });
  return count;
}

export async function endProcesses(runId: string): Promise<number> {
  const cookie = { name: RUN_COOKIE, value: runId };
  return (await terminateTree({ root: undefined, cookie })).swept;
}

/** Does it as the owner of the run, so that no supervisor acts meanwhile; false when there is one. */
export async function asOwner(
  { paths }: Pick<FoundRun, 'paths'>,
  work: (lease: Lease) => Promise<void>,
): Promise<boolean> {
  const lease = await becomeOwner(paths);
  if (lease === undefined) return false;
  try {
    await work(lease);
    return true;
  } finally {
    lease.release();
  }
}
