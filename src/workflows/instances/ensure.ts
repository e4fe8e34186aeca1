import { existsSync } from 'node:fs';
import { CcError } from '../../core/errors.ts';
import { stateOf } from '../../proc/identity.ts';
import { mayRecover } from '../../runs/recover.ts';
import { isOwned, startOnce } from '../../runs/start-once.ts';
import { listRequests } from '../../store/inbox.ts';
import { type LeaseRecord, topLease } from '../../store/lease.ts';
import type { Host } from '../../workspace/host.ts';
import type { Instance } from '../core/instance.ts';
import { outstanding } from '../core/outstanding.ts';
import type { Plan } from '../plan.ts';
import { isOver } from '../vocabulary.ts';
import { launcherOf } from './active.ts';
import type { WorkflowNow } from './read.ts';
import type { FoundWorkflow, WorkflowRecord } from './record.ts';
import { startWorkflowSupervisor } from './start-supervisor.ts';

/** Between the record of a workflow and the start of its supervisor by the launcher. */
const SPAWN_GRACE_MS = 2000;

export type WorkflowSupervision =
  | 'supervised'
  /** Nothing is to be done until somebody asks for something, so nobody is there. */
  | 'at_rest'
  /** It has just been launched and its supervisor is coming up. */
  | 'starting'
  /** The supervisor is gone or frozen. */
  | 'unsupervised';

/** Over, or waiting for nothing but people: no process is needed for that. */
export function isAtRest(plan: Plan, instance: Instance): boolean {
  if (isOver(instance.state)) return true;
  return (
    instance.state === 'waiting_approval' &&
    outstanding(plan, instance).every(({ type }) => type === 'ask_approval')
  );
}

/** Its record tells of this very end; it may have been resumed, and have ended once more. */
export function isRecorded({ end }: WorkflowRecord, { state, ended, updated }: Instance): boolean {
  return end?.state === state && end.time === (ended ?? updated);
}

/** Whether somebody carries this workflow on, judged by process identity only. */
export async function workflowSupervision(
  host: Host,
  { record, paths, plan, instance }: WorkflowNow,
): Promise<WorkflowSupervision> {
  const top = topLease(paths.lease);
  if (isHeld(top)) return 'supervised';
  // As long as it stands in the index, something it has launched may still go on.
  if (record.broken !== undefined) return existsSync(paths.active) ? 'unsupervised' : 'at_rest';
  if (top === undefined) {
    const age = host.clock.now().getTime() - Date.parse(record.created);
    const launcher =
      age >= 0 && age < SPAWN_GRACE_MS ? await launcherOf({ active: paths.active }) : undefined;
    if (launcher !== undefined && stateOf(launcher) === 'running') return 'starting';
  }
  const isTold = !isOver(instance.state) || isRecorded(record, instance);
  const isQuiet = isTold && isAtRest(plan, instance);
  if (!isQuiet || (await listRequests(paths.inbox)).length > 0) return 'unsupervised';
  return 'at_rest';
}

/**
 * Gives a workflow a supervisor where it needs one and has none. Idempotent, cheap when all is well,
 * and safe from several places at once. False when it was needed but this host may not.
 */
export async function ensureWorkflowSupervised(
  host: Host,
  workflow: WorkflowNow,
): Promise<boolean> {
  const { workflow_id } = workflow.record;
  const supervision = await workflowSupervision(host, workflow);
  if (supervision === 'supervised' || supervision === 'at_rest') isOwned(workflow_id);
  if (supervision !== 'unsupervised') return true;
  if (!mayRecover(host, workflow.record)) return false;
  await startOnce(workflow_id, host.clock, () => startWorkflowSupervisor(host, workflow.record));
  return true;
}

/**
 * Passes on what `read` answers. Where that finds a workflow damaged it throws as well, but not before
 * somebody was started who says so in the record and ends what the workflow has launched.
 */
export async function orGiveUp<T>(
  host: Host,
  { record, paths }: Pick<FoundWorkflow, 'record' | 'paths'>,
  read: () => Promise<T> | T,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const isDamaged = error instanceof CcError && error.code === 'STORAGE_CORRUPT';
    if (isDamaged && mayRecover(host, record)) {
      const start = () => startWorkflowSupervisor(host, record);
      if (!isHeld(topLease(paths.lease))) {
        await startOnce(record.workflow_id, host.clock, start).catch(() => undefined);
      }
    }
    throw error;
  }
}

/** By somebody who can carry on: one that is frozen cannot. */
function isHeld(top: LeaseRecord | undefined): boolean {
  return top !== undefined && !top.released && stateOf(top.holder) === 'running';
}
