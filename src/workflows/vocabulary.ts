/** The words of workflows: states, kinds and the reasons for every ending, each with one meaning. */

/** `needs_attention`: nothing can go on without a person. `needs_rerun`: parts were taken back after the end. */
export const WORKFLOW_STATES = [
  'pending',
  'running',
  'waiting_approval',
  'succeeded',
  'failed',
  'stopped',
  'needs_attention',
  'needs_rerun',
] as const;
export type WorkflowState = (typeof WORKFLOW_STATES)[number];

/**
 * `waiting`: for a person or for the time of the next attempt. `blocked`: it will not start, because of
 * what came before. `needs_rerun`: what it had was taken back; it waits like a pending node.
 */
export const NODE_STATES = [
  'pending',
  'ready',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'skipped',
  'blocked',
  'needs_rerun',
  'cancelled',
] as const;
export type NodeState = (typeof NODE_STATES)[number];

const SETTLED: ReadonlySet<NodeState> = new Set([
  'succeeded',
  'failed',
  'skipped',
  'blocked',
  'cancelled',
]);

/** Nothing happens to such a node any more unless it is taken back. */
export function isSettled(state: NodeState): boolean {
  return SETTLED.has(state);
}

const OVER: ReadonlySet<WorkflowState> = new Set([
  'succeeded',
  'failed',
  'stopped',
  'needs_attention',
  'needs_rerun',
]);

/** Nothing happens to such a workflow any more unless somebody asks for it. */
export function isOver(state: WorkflowState): boolean {
  return OVER.has(state);
}

/** `agent`: a worker run. `command`: a command and no model. `workflow`: another file. */
export const NODE_KINDS = ['agent', 'gate', 'approval', 'command', 'workflow'] as const;
export type NodeKind = (typeof NODE_KINDS)[number];

/** Every reason code with the state it explains. The keys are part of the public contract. */
export const REASONS = {
  done: 'succeeded',
  gate_passed: 'succeeded',
  approved: 'succeeded',
  run_failed: 'failed',
  start_failed: 'failed',
  timed_out: 'failed',
  invalid_output: 'failed',
  rejected: 'failed',
  handoff_fail: 'failed',
  handoff_blocked: 'failed',
  command_failed: 'failed',
  workflow_failed: 'failed',
  items_failed: 'failed',
  for_each_invalid: 'failed',
  too_many_items: 'failed',
  gate_failed: 'failed',
  loop_guard: 'failed',
  not_approved: 'failed',
  approval_timeout: 'failed',
  when_false: 'skipped',
  no_items: 'skipped',
  not_needed: 'skipped',
  skipped_after_failure: 'skipped',
  need_failed: 'blocked',
  when_unknown: 'blocked',
  not_verified: 'blocked',
  budget_exhausted: 'blocked',
  stopped: 'cancelled',
  workflow_timeout: 'cancelled',
  taken_back: 'cancelled',
  taken_back_by_gate: 'needs_rerun',
  taken_back_by_user: 'needs_rerun',
  resumed: 'needs_rerun',
  waiting_slot: 'ready',
  waiting_budget: 'ready',
  waiting_end: 'needs_rerun',
  backoff: 'waiting',
  waiting_approval: 'waiting',
} as const satisfies Record<string, NodeState>;
export type ReasonCode = keyof typeof REASONS;

/** Why something is as it is: a code for programs, a sentence for people. */
export type Reason = { code: ReasonCode; text: string };

/** What a worker may say about its own task in its handoff. */
export const HANDOFF_STATUSES = ['pass', 'fail', 'blocked', 'needs_repair'] as const;
export type HandoffStatus = (typeof HANDOFF_STATUSES)[number];

export const VERDICTS = ['accept', 'investigate', 'reject'] as const;
export type Verdict = (typeof VERDICTS)[number];
