import { profileHostOf } from '../../profiles/host-of.ts';
import { listProfiles } from '../../profiles/list.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Host } from '../../workspace/host.ts';
import type { Place } from '../../workspace/resolve.ts';
import { workflowStatus } from '../views/status.ts';
import { isOver } from '../vocabulary.ts';
import { findWorkflow } from './find.ts';
import { launchWorkflow, type WorkflowRequest } from './launch.ts';
import { brokenOf } from './record.ts';
import { type WorkflowWait, waitWorkflow } from './wait.ts';

/** What real workers can be started with. */
export async function profilesOf(host: Host): Promise<Profile[]> {
  return (await listProfiles(profileHostOf(host))).profiles;
}

/** Starts a workflow and waits a while for what comes of it. */
export async function runWorkflow(
  host: Host,
  place: Place,
  request: WorkflowRequest,
  wait: WorkflowWait,
) {
  const { record, existing } = await launchWorkflow(host, place, request);
  const found = await findWorkflow(host, place, record.workflow_id);
  const waited = await waitWorkflow(host, found, wait);
  const { plan, instance, seq, isSupervised, paths, parts } = waited;
  const broken = brokenOf(waited.record);
  const facts = { seq, now: host.clock.now(), mock: record.mock, parts, broken };
  const isResting = isOver(instance.state) || instance.state === 'waiting_approval';
  const goesOn = broken === undefined && !isResting;
  return {
    ...workflowStatus(plan, instance, facts),
    ...(existing ? { existing: true as const } : {}),
    ...(goesOn ? { still_running: true as const } : {}),
    ...(isSupervised ? {} : { unsupervised: 'cc_recover_runs gives it a supervisor' }),
    folder: paths.dir,
  };
}
