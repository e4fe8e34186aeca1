import { carried } from '../../proc/carried-env.ts';
import type { ProcessIdentity } from '../../proc/identity.ts';
import { startOwn } from '../../runs/start-own.ts';
import { supervisorBasics } from '../../runs/start-supervisor.ts';
import type { Host } from '../../workspace/host.ts';
import { entryBeside } from './entry-beside.ts';
import { privateWorkflowPaths } from './paths.ts';
import type { WorkflowRecord } from './record.ts';

/** The variable by which all supervisors of a workflow are found, also those that do not own it. */
export const WORKFLOW_COOKIE = 'CC_SUPERVISOR_OF_WORKFLOW';

/** Beside the supervisor of runs, wherever that is. */
const FILE = 'workflow-supervisor.js';

/**
 * Starts a supervisor for a workflow; harmless when one is already there. It carries all variables of
 * the host, because profiles are found by them.
 */
export async function startWorkflowSupervisor(
  host: Host,
  { workflow_id, workspace }: Pick<WorkflowRecord, 'workflow_id' | 'workspace'>,
): Promise<ProcessIdentity> {
  const { dir, log } = privateWorkflowPaths(host.home, workflow_id);
  const args = [...entryBeside(host.supervisor.args, FILE), workspace, workflow_id];
  const env = { ...supervisorBasics(host), [WORKFLOW_COOKIE]: workflow_id, ...carried(host.env) };
  return startOwn(host.supervisor.file, args, { dir, log, env });
}
