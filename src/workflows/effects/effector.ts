import type { Host } from '../../workspace/host.ts';
import type { Place } from '../../workspace/resolve.ts';
import type { Effect } from '../core/effects.ts';
import type { Timeless, WorkflowEvent } from '../core/events.ts';
import type { Instance } from '../core/instance.ts';
import type { WorkflowRecord } from '../instances/record.ts';
import type { Plan } from '../plan.ts';

/**
 * Carries out one kind of effect, and reports by events. It never throws for what the world does, and
 * doing again what was done changes nothing: a successor does everything that is outstanding once more.
 */
export type Effector = {
  perform(effect: Effect): void;
  /** Ends what waits in this process; what was started outside of it goes on. */
  close(): Promise<void>;
};

export type EffectHost = {
  host: Host;
  place: Place;
  record: WorkflowRecord;
  plan: Plan;
  instance(): Instance;
  /** The time of an event that is reported now; wakes are to come by it. */
  now(): Date;
  report(event: Timeless<WorkflowEvent>): void;
  /** Aborted when the supervisor leaves. */
  signal: AbortSignal;
};

/** Something is in flight under this key, and has not been told that it started. */
export function isStarting({ instance }: EffectHost, key: string): boolean {
  return instance().nodes.some(({ attempts }) =>
    attempts.some((attempt) => attempt.key === key && attempt.phase === 'starting'),
  );
}
