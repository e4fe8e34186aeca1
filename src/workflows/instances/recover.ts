import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import * as z from 'zod';
import { sleep } from '../../core/clock.ts';
import { CcError, toErrorFacts } from '../../core/errors.ts';
import { isAlive, stateOf } from '../../proc/identity.ts';
import { killProcess } from '../../proc/terminate.ts';
import { mayRecover } from '../../runs/recover.ts';
import { knownWorkspaces } from '../../workspace/home.ts';
import type { Host } from '../../workspace/host.ts';
import { type Workspace, workspaceAt } from '../../workspace/layout.ts';
import { isOver } from '../vocabulary.ts';
import { activeWorkflowIds, forgetActive, launcherOf } from './active.ts';
import { type WorkflowSupervision, workflowSupervision } from './ensure.ts';
import { workflowIds } from './find.ts';
import { privateWorkflowPaths, workflowPaths } from './paths.ts';
import { readWorkflow, type WorkflowNow } from './read.ts';
import { readWorkflowRecord, type WorkflowRecord } from './record.ts';
import { startWorkflowSupervisor } from './start-supervisor.ts';

/** Supervisors that may vanish one after the other before it is left to the next look. */
const ATTEMPTS = 3;
/** How long a living supervisor may take to become owner, on a machine that is busy. */
const UP_MS = 20_000;
const LOOK_MS = 25;

const step = z.object({
  workflow_id: z.string(),
  /** `broken`: its files are damaged, and nobody can carry it on. */
  did: z.enum(['supervised', 'still_starting', 'broken', 'failed']),
  error: z.string().optional(),
});

export const workflowRecovery = z.object({
  /** Workflows something was done about. */
  workflows: z.array(step),
  /** Those that go on, or wait for people, and that nothing had to be done about. */
  healthy: z.number(),
  /** Of another user home; they are not ours to touch. */
  left_alone: z.number(),
});
export type WorkflowRecovery = z.infer<typeof workflowRecovery>;

/**
 * One pass over all workflows of this user that are not over: each that needs a supervisor gets one.
 * In `thorough` every workflow of that project is looked at, whatever the index says. Runs are
 * recovered by themselves. Safe at any time and from several places at once.
 */
export async function recoverWorkflows(
  host: Host,
  options: { thorough?: Workspace | undefined; signal: AbortSignal },
): Promise<WorkflowRecovery> {
  const report: WorkflowRecovery = { workflows: [], healthy: 0, left_alone: 0 };
  for (const root of await knownWorkspaces(host.home)) {
    const workspace = workspaceAt(root);
    const isThorough = options.thorough?.root === root;
    const listed = await activeWorkflowIds(workspace).catch(() => []);
    const all = isThorough ? await workflowIds(workspace) : [];
    for (const id of new Set([...listed, ...all])) {
      try {
        await recoverOne(host, workspace, id, report, options.signal);
      } catch (error) {
        const { message } = toErrorFacts(error);
        report.workflows.push({ workflow_id: id, did: 'failed', error: message });
      }
    }
  }
  return report;
}

async function recoverOne(
  host: Host,
  workspace: Workspace,
  id: string,
  report: WorkflowRecovery,
  signal: AbortSignal,
): Promise<void> {
  const paths = workflowPaths(workspace, id);
  if (!existsSync(paths.metadata)) return forgetStillborn(host, workspace, id);
  const record = await readWorkflowRecord(workspace, id);
  for (let attempt = 0; ; attempt += 1) {
    const supervision = await look(host, workspace, record);
    const did = (what: 'supervised' | 'still_starting' | 'broken') =>
      report.workflows.push({ workflow_id: id, did: what });
    if (supervision === 'settled') {
      await forgetActive(paths);
      if (attempt > 0) did((await isBroken(workspace, id)) ? 'broken' : 'supervised');
      return;
    }
    if (supervision !== 'unsupervised') {
      if (attempt === 0) report.healthy += 1;
      else did('supervised');
      return;
    }
    if (!mayRecover(host, record)) {
      report.left_alone += 1;
      return;
    }
    if (attempt === ATTEMPTS) {
      throw new CcError('LEASE_LOST', `${ATTEMPTS} supervisors in a row vanished.`, {
        hint: `Its log: ${privateWorkflowPaths(host.home, id).log}`,
      });
    }
    if (!(await startAndWait(host, workspace, record, signal))) {
      did('still_starting');
      return;
    }
  }
}

/** `settled`: it is over, or broken, and no longer of interest. */
async function look(
  host: Host,
  workspace: Workspace,
  { workflow_id }: WorkflowRecord,
): Promise<WorkflowSupervision | 'settled'> {
  const until = host.clock.monotonic() + UP_MS;
  for (;;) {
    let now: WorkflowNow;
    try {
      now = await readWorkflow(workspace, workflow_id);
    } catch (error) {
      // Its supervisor finds that out as well, and says so in the record.
      if (error instanceof CcError && error.code === 'STORAGE_CORRUPT') return 'unsupervised';
      throw error;
    }
    const supervision = await workflowSupervision(host, now);
    const isBroken = now.record.broken !== undefined;
    // Whoever has just said so is about to leave, and carries nothing on.
    if (supervision === 'supervised' && isBroken && host.clock.monotonic() < until) {
      await sleep(LOOK_MS);
      continue;
    }
    const isDone = isOver(now.instance.state) || isBroken;
    return supervision === 'at_rest' && isDone ? 'settled' : supervision;
  }
}

async function isBroken(workspace: Workspace, id: string): Promise<boolean> {
  return (await readWorkflowRecord(workspace, id)).broken !== undefined;
}

/**
 * Until the workflow has an owner, or the new supervisor has done its work and left: a pass that says
 * `broken` leaves no process behind. False when it lives and neither has come about.
 */
async function startAndWait(
  host: Host,
  workspace: Workspace,
  record: WorkflowRecord,
  signal: AbortSignal,
): Promise<boolean> {
  const supervisor = await startWorkflowSupervisor(host, record);
  const until = host.clock.monotonic() + UP_MS;
  for (;;) {
    // In this order: one that is gone by now has done all it will ever do.
    const lives = stateOf(supervisor) === 'running';
    if (!lives) await killProcess(supervisor); // frozen, it would never come
    if (!lives || (await look(host, workspace, record)) === 'supervised') return true;
    if (host.clock.monotonic() > until || signal.aborted) return false;
    await sleep(LOOK_MS, signal);
  }
}

/** Its launcher died before it came to be. */
async function forgetStillborn(host: Host, workspace: Workspace, id: string): Promise<void> {
  const paths = workflowPaths(workspace, id);
  const launcher = await launcherOf(paths);
  if (launcher === undefined || isAlive(launcher)) return;
  for (const directory of [paths.dir, privateWorkflowPaths(host.home, id).dir]) {
    await rm(directory, { recursive: true, force: true });
  }
  await forgetActive(paths);
}
