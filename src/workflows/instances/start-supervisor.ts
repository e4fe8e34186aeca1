import { closeSync, openSync } from 'node:fs';
import type { ProcessIdentity } from '../../proc/identity.ts';
import { startDetached } from '../../proc/spawn.ts';
import { supervisorBasics, WORKER_ENV_PREFIX } from '../../runs/start-supervisor.ts';
import { makePrivateDir, PRIVATE_FILE } from '../../store/atomic.ts';
import type { Host } from '../../workspace/host.ts';
import { entryBeside } from './entry-beside.ts';
import { privateWorkflowPaths } from './paths.ts';
import type { WorkflowRecord } from './record.ts';

/** The variable by which all supervisors of a workflow are found, also those that do not own it. */
export const WORKFLOW_COOKIE = 'CC_SUPERVISOR_OF_WORKFLOW';

/** Beside the supervisor of runs, wherever that is. */
const FILE = 'workflow-supervisor.js';

/**
 * Starts a supervisor for a workflow; harmless when one is already there. It is given all variables of
 * the host, because profiles are found by them, under a prefix: so they are no part of its own.
 */
export async function startWorkflowSupervisor(
  host: Host,
  { workflow_id, workspace }: Pick<WorkflowRecord, 'workflow_id' | 'workspace'>,
): Promise<ProcessIdentity> {
  const paths = privateWorkflowPaths(host.home, workflow_id);
  await makePrivateDir(paths.dir);
  const log = openSync(paths.log, 'a', PRIVATE_FILE);
  const passed = Object.entries(host.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[`${WORKER_ENV_PREFIX}${name}`, value]],
  );
  try {
    return await startDetached(
      host.supervisor.file,
      [...entryBeside(host.supervisor.args, FILE), workspace, workflow_id],
      {
        cwd: paths.dir,
        env: {
          ...supervisorBasics(host),
          CC_ORCHESTRATOR_HOME: host.home.root,
          [WORKFLOW_COOKIE]: workflow_id,
          ...Object.fromEntries(passed),
        },
        log,
      },
    );
  } finally {
    closeSync(log);
  }
}
