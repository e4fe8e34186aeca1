import { carried } from '../proc/carried-env.ts';
import { allowedEnvironment } from '../proc/env.ts';
import type { ProcessIdentity } from '../proc/identity.ts';
import { privateRunPaths } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import type { RunRecord } from './record.ts';
import { startOwn } from './start-own.ts';

/** The variable by which all supervisors of a run are found, also those that do not own it. */
export const SUPERVISOR_COOKIE = 'CC_SUPERVISOR_OF';

/** Starts a supervisor for a run; harmless when one is already there. */
export async function startSupervisor(
  host: Host,
  { run_id, workspace }: Pick<RunRecord, 'run_id' | 'workspace'>,
  workerEnv: Readonly<Record<string, string>>,
): Promise<ProcessIdentity> {
  const { dir, log } = privateRunPaths(host.home, run_id);
  const args = [...host.supervisor.args, workspace, run_id];
  const env = { ...supervisorBasics(host), [SUPERVISOR_COOKIE]: run_id, ...carried(workerEnv) };
  return startOwn(host.supervisor.file, args, { dir, log, env });
}

/** What a supervisor itself needs; certificates and the like are the worker's and slow Node down. */
export function supervisorBasics(host: Host): Record<string, string> {
  const { NODE_EXTRA_CA_CERTS: _certificates, ...rest } = allowedEnvironment(host.env);
  return { ...rest, CC_ORCHESTRATOR_HOME: host.home.root };
}
