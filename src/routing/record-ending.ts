import { isoTime } from '../core/clock.ts';
import type { FailureClass, Role, RunState } from '../core/vocabulary.ts';
import type { UserHome } from '../workspace/home.ts';
import { appendEnding } from './endings.ts';
import { blameOf } from './failures.ts';
import { endTrial, recordFailure, recordQuota, recordSuccess } from './health-store.ts';

/** What routing learns from a run that has ended. Times in ms since the epoch. */
export type EndedRun = {
  run_id: string;
  profile: { id: string; account?: string | undefined };
  /** The declared one. */
  model: string;
  /** The one that answered, where it was another. */
  actual?: string | undefined;
  role: Role;
  write: boolean;
  state: RunState;
  failure: FailureClass;
  began: number;
  ended: number;
  elapsedMs: number;
  modelCalls: number;
  tokens: number;
  /** What the provider last said about its limit window. */
  quota?: { used?: number | undefined; resetsAt: number } | undefined;
};

/**
 * Files the end of a run as evidence. Called before the end is recorded in the run itself, so that a
 * crash in between only repeats it; every part of it counts a run once. It never fails a run.
 */
export async function recordEnding(home: UserHome, run: EndedRun): Promise<void> {
  const { profile, model, ended } = run;
  const parts = [
    appendEnding(home, {
      run_id: run.run_id,
      ended: isoTime(new Date(ended)),
      profile: profile.id,
      model: run.actual ?? model,
      role: run.role,
      write: run.write,
      state: run.state,
      failure: run.failure,
      elapsed_ms: run.elapsedMs,
      model_calls: run.modelCalls,
      tokens: run.tokens,
    }),
    recordHealth(home, run).finally(() => endTrial(home, run.run_id, ended)),
  ];
  await Promise.allSettled(parts);
}

async function recordHealth(home: UserHome, run: EndedRun): Promise<void> {
  const { profile, model, failure, quota, ended } = run;
  if (quota?.used !== undefined && quota.resetsAt > ended) {
    await recordQuota(home, profile, { used: quota.used, resetsAt: quota.resetsAt }, ended);
  }
  // A model that could not do the work was served all the same.
  const served = failure === 'success' || (blameOf(failure) === 'model' && run.modelCalls > 0);
  if (served && failure !== 'provider_capability') {
    await recordSuccess(home, { profile, model }, run.began, ended);
    return;
  }
  await recordFailure(
    home,
    { profile, model, class: failure, resetsAt: quota?.resetsAt, runId: run.run_id },
    ended,
  );
}
