import type { JsonObject } from '../../core/json.ts';
import type { FailureClass } from '../../core/vocabulary.ts';
import type { WorkflowBudget } from '../plan.ts';
import type { NodeState, Reason, ReasonCode, Verdict, WorkflowState } from '../vocabulary.ts';

/**
 * A workflow that runs: all the core knows, as plain JSON. Only `reduce` makes new ones; times are UTC
 * and come from events alone.
 */
export type Instance = {
  schema_version: 1;
  workflow_id: string;
  /** Of the plan it belongs to. */
  plan_id: string;
  /** What the whole is for, in the words of who started it. */
  task: string;
  state: WorkflowState;
  /** Why it ended, or what it waits for. */
  reason: string;
  created: string;
  started: string | null;
  updated: string;
  ended: string | null;
  /** 1, and one more for each retry by a gate. */
  round: number;
  /** The round in which a person last said "go on"; the loop guard counts from there. */
  granted_round: number;
  stop: { code: 'stopped' | 'workflow_timeout'; by: string; text: string } | null;
  limits: WorkflowBudget;
  spent: Spending;
  /** What runs in flight may still use. */
  reserved: { usd: number; tokens: number };
  /** In the order of the plan. */
  nodes: readonly NodeRecord[];
  /** Tasks that could start, first come first: index of the node and of the task in it. */
  ready: readonly (readonly [number, number])[];
  /** Nodes that are not settled. */
  open: number;
  /** Attempts in flight that take a place, all and by profile. */
  live: number;
  live_by_profile: Readonly<Record<string, number>>;
  /** Approvals that are asked for. */
  asking: number;
  /** Runs in flight that were launched by runs. */
  children: readonly Child[];
};

export type Spending = {
  usd: number;
  tokens: number;
  runs: number;
  /** False when a run's price, or all it used, is unknown: `usd` is then a lower bound, */
  complete: boolean;
  /** and this is what those without a price may have cost at most, which budgets count as spent. */
  unpriced_usd: number;
};

export type NodeRecord = {
  id: string;
  state: NodeState;
  reason: Reason | null;
  since: string;
  /** 1, and one more each time it is taken back. */
  round: number;
  /** What its failure means for the rest: null while it has not failed or a handler is at it. */
  failure: 'final' | 'continued' | 'skipping' | 'handling' | 'recovered' | null;
  /** Retries a gate has used. */
  gate_retries: number;
  /** Why it has to be done again, for the next prompt. */
  advice: readonly string[];
  tasks: readonly TaskRecord[];
  /** In flight, also of tasks that were taken back and have not ended yet. */
  attempts: readonly Attempt[];
  /** What it had in earlier rounds; it counts for nothing any more. */
  stale: readonly Stale[];
};

/** One thing to do: a node has one, or as many as its for_each or matrix makes. */
export type TaskRecord = {
  state: 'ready' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled';
  reason: Reason | null;
  /** Its entry of for_each, or its combination of the matrix. */
  item: unknown;
  /** Attempts in this round. */
  tries: number;
  /** How often a start was refused, which is no attempt. */
  refusals: number;
  /** Why earlier attempts of this round failed. */
  failures: readonly string[];
  /** When the next attempt is due. */
  wake_at: string | null;
  result: Result | null;
};

export type AttemptKind = 'run' | 'command' | 'workflow' | 'approval';

/** Something in flight. */
export type Attempt = {
  /** `<workflow id>/<task id>/<round>.<try>`: the same key never starts twice. */
  key: string;
  task: number;
  kind: AttemptKind;
  phase: 'starting' | 'running' | 'repairing' | 'verifying';
  since: string;
  deadline: string | null;
  run_id: string | null;
  profile: string | null;
  model: string | null;
  /** Kept for it until it ends. */
  reserved: { usd: number; tokens: number };
  /** It was told to end; what it brings counts only as spending (or as a timeout). */
  stopping: 'stopped' | 'workflow_timeout' | 'taken_back' | 'timed_out' | null;
  /** Its handoff as it was not yet verified. */
  result: Result | null;
  /** What it was asked, once, when its handoff could not be used. */
  repair: string | null;
  /** Kept of its grant for runs it launches; null where nothing caps it. */
  pool: { usd: number | null; tokens: number | null };
  /** Requests to launch that were decided. */
  requests: readonly string[];
};

/** A run that was launched by a run. */
export type Child = {
  key: string;
  /** The attempt it belongs to, and the run that asked: the same, or another child. */
  root: string;
  parent: string;
  request: string;
  role: string;
  task: string;
  depth: number;
  /** Runs it has launched itself. */
  launched: number;
  run_id: string | null;
  /** What it may use; `reserved` is what is left of it and comes from a pool. */
  granted: { usd: number; tokens: number };
  reserved: { usd: number; tokens: number };
  stopping: boolean;
};

export type TestCounts = { passed: number; failed: number; skipped: number };

/** What an attempt brought; what is not there is unknown. */
export type Result = {
  run_id?: string;
  workflow_id?: string;
  profile?: string;
  model?: string;
  failure_class?: FailureClass;
  handoff?: JsonObject;
  verdict?: Verdict;
  risk?: number;
  /** Of the verdict, or of a gate. */
  reasons?: readonly string[];
  tests?: TestCounts;
  changed_files?: number;
  exit_code?: number;
  output_tail?: string;
  usd?: number;
  tokens?: number;
  elapsed_ms?: number;
  passed?: boolean;
  decision?: 'approved' | 'rejected';
  by?: string;
  comment?: string;
};

export type Stale = {
  round: number;
  state: NodeState;
  code: ReasonCode | null;
  text: string;
  run_ids: readonly string[];
  usd: number;
  tokens: number;
};
