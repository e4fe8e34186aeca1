import { closeSync, openSync } from 'node:fs';
import { allowedEnvironment } from '../proc/env.ts';
import type { ProcessIdentity } from '../proc/identity.ts';
import { startDetached } from '../proc/spawn.ts';
import { makePrivateDir, PRIVATE_FILE } from '../store/atomic.ts';
import { privateRunPaths } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import type { RunRecord } from './record.ts';

/** Prefix under which the worker's environment travels through the supervisor's own. */
export const WORKER_ENV_PREFIX = 'CCW_';

/** The variable by which all supervisors of a run are found, also those that do not own it. */
export const SUPERVISOR_COOKIE = 'CC_SUPERVISOR_OF';

/** Starts a supervisor for a run; harmless when one is already there. */
export async function startSupervisor(
  host: Host,
  record: Pick<RunRecord, 'run_id' | 'workspace'>,
  workerEnv: Readonly<Record<string, string>>,
): Promise<ProcessIdentity> {
  const paths = privateRunPaths(host.home, record.run_id);
  await makePrivateDir(paths.dir);
  const log = openSync(paths.log, 'a', PRIVATE_FILE);
  try {
    return await startDetached(
      host.supervisor.file,
      [...host.supervisor.args, record.workspace, record.run_id],
      {
        // Not the project: a supervisor must not keep a directory busy that the user wants to remove.
        cwd: paths.dir,
        env: {
          ...supervisorBasics(host),
          CC_ORCHESTRATOR_HOME: host.home.root,
          [SUPERVISOR_COOKIE]: record.run_id,
          ...Object.fromEntries(
            Object.entries(workerEnv).map(([name, value]) => [
              `${WORKER_ENV_PREFIX}${name}`,
              value,
            ]),
          ),
        },
        log,
      },
    );
  } finally {
    closeSync(log);
  }
}

/** What a supervisor itself needs; certificates and the like are the worker's and slow Node down. */
export function supervisorBasics(host: Host): Record<string, string> {
  const { NODE_EXTRA_CA_CERTS: _certificates, ...rest } = allowedEnvironment(host.env);
  return rest;
}
