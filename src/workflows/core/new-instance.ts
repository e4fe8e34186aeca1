import type { Plan } from '../plan.ts';
import type { Instance } from './instance.ts';

/** A workflow before its first event. */
export function newInstance(
  plan: Plan,
  facts: { workflow_id: string; task: string; time: string },
): Instance {
  const { workflow_id, task, time } = facts;
  return {
    schema_version: 1,
    workflow_id,
    plan_id: plan.id,
    task,
    state: 'pending',
    reason: 'it has not been started',
    created: time,
    started: null,
    updated: time,
    ended: null,
    round: 1,
    granted_round: 1,
    stop: null,
    limits: plan.budget,
    spent: { usd: 0, tokens: 0, runs: 0, complete: true, unpriced_usd: 0 },
    reserved: { usd: 0, tokens: 0 },
    nodes: plan.nodes.map(({ id }) => ({
      id,
      state: 'pending',
      reason: null,
      since: time,
      round: 1,
      failure: null,
      gate_retries: 0,
      advice: [],
      tasks: [],
      attempts: [],
      stale: [],
    })),
    ready: [],
    open: plan.nodes.length,
    live: 0,
    live_by_profile: {},
    asking: 0,
    children: [],
  };
}
