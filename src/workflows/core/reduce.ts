import type { Plan } from '../plan.ts';
import { isOver } from '../vocabulary.ts';
import { advance } from './advance.ts';
import { childEvent, delegationAsked } from './children.ts';
import { conclude } from './conclude.ts';
import { begin, resumeAsked, retryAsked, stopAsked } from './control.ts';
import { Draft } from './draft.ts';
import type { Effect } from './effects.ts';
import type { WorkflowEvent } from './events.ts';
import type { Instance } from './instance.ts';
import {
  approvalGiven,
  commandEnded,
  runStarted,
  startRefused,
  woken,
  workflowEnded,
} from './other-events.ts';
import { runEnded, runVerified } from './run-events.ts';
import { schedule } from './start.ts';

export type Step = { instance: Instance; effects: readonly Effect[] };

/**
 * What an event makes of a workflow, and what is to be done now. Pure: the same plan, instance and event
 * give the same step; nothing that was passed in is changed; the only clock is the time of the event.
 * What an event says twice, or too late, changes nothing but `updated`.
 */
export function reduce(plan: Plan, instance: Instance, event: WorkflowEvent): Step {
  const draft = new Draft(plan, instance, event.time);
  if (!childEvent(draft, event)) apply(draft, event);
  // What was taken back after the end waits for somebody to say that it goes on.
  for (let before = -1; isGoing(draft) && (draft.isDirty || draft.effects.length > before); ) {
    advance(draft);
    before = draft.effects.length;
    schedule(draft);
  }
  conclude(draft);
  return { instance: draft.instance, effects: draft.effects };
}

function isGoing({ instance: { state } }: Draft): boolean {
  return state !== 'pending' && !isOver(state);
}

function apply(draft: Draft, event: WorkflowEvent) {
  // After the end only a person changes something; what still arrives is too late.
  switch (event.type) {
    case 'started':
      return begin(draft);
    case 'resume_asked':
      return resumeAsked(draft, event);
    case 'retry_asked':
      return retryAsked(draft, event);
  }
  if (isOver(draft.instance.state)) return;
  switch (event.type) {
    case 'run_started':
      return runStarted(draft, event);
    case 'start_refused':
      return startRefused(draft, event);
    case 'run_ended':
      return runEnded(draft, event);
    case 'run_verified':
      return runVerified(draft, event);
    case 'command_ended':
      return commandEnded(draft, event);
    case 'workflow_ended':
      return workflowEnded(draft, event);
    case 'approval_given':
      return approvalGiven(draft, event);
    case 'woken':
      return woken(draft);
    case 'delegation_asked':
      return delegationAsked(draft, event);
    case 'stop_asked':
      return stopAsked(draft, event);
  }
}

/** The instance a journal of events leads to: what a new supervisor begins with. */
export function replay(plan: Plan, first: Instance, events: Iterable<WorkflowEvent>): Instance {
  let instance = first;
  for (const event of events) instance = reduce(plan, instance, event).instance;
  return instance;
}
