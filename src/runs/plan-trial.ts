import { claimTrial, endTrial } from '../routing/health-store.ts';
import type { Host } from '../workspace/host.ts';
import type { Place } from '../workspace/resolve.ts';
import { planRun, type RunPlan, type RunRequest } from './plan.ts';
import type { RunRecord } from './record.ts';

/**
 * The plan of a run that is about to start. After a cooldown only one run at a time tries a profile
 * again: where another one is at it, the choice is made once more and knows of that. A profile that
 * was named is tried whatever others do.
 */
export async function planTrial(host: Host, place: Place, request: RunRequest): Promise<RunPlan> {
  const plan = await planRun(host, place, request);
  if (await claim(host, plan.record)) return plan;
  if (request.profile !== undefined) return plan;
  const next = await planRun(host, place, request);
  await claim(host, next.record);
  return next;
}

/** Of a run that did not begin after all. */
export async function dropTrial(host: Host, { record }: RunPlan): Promise<void> {
  await endTrial(host.home, record.run_id, host.clock.now().getTime()).catch(() => undefined);
}

/** A health file that cannot be written keeps nobody from starting. */
function claim(host: Host, { run_id, profile, model }: RunRecord): Promise<boolean> {
  const now = host.clock.now().getTime();
  return claimTrial(host.home, { profile, model: model ?? 'default' }, run_id, now).catch(
    () => true,
  );
}
