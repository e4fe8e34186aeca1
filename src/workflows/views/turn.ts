import type { Effect } from '../core/effects.ts';
import type { WorkflowEvent } from '../core/events.ts';
import type { Instance } from '../core/instance.ts';
import type { Plan } from '../plan.ts';

/** An event with what was made of it. */
export type Turn = {
  plan: Plan;
  event: WorkflowEvent;
  before: Instance;
  after: Instance;
  effects: readonly Effect[];
};
