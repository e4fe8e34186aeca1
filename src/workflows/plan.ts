import type { FailureClass, Role } from '../core/vocabulary.ts';
import type { Expression, Scalar } from './expressions/ast.ts';
import type { NodeBudget } from './format/fields.ts';
import type { Outputs } from './handoffs/schemas.ts';

/** A checked workflow, ready to run: plain data, and the only thing beside its state the core looks at. */
export type Plan = {
  schema_version: 1;
  id: string;
  description: string | null;
  /** As it was given. */
  file: string;
  max_concurrent: number;
  /** Runs at once by profile. */
  profile_limits: Readonly<Record<string, number>>;
  /** Rounds at most: the first, and one for each retry by a gate. */
  loop_guard: number;
  timeout_seconds: number | null;
  budget: WorkflowBudget;
  delegation: readonly DelegationRule[];
  nodes: readonly PlanNode[];
};

export type WorkflowBudget = {
  max_usd?: number | undefined;
  max_tokens?: number | undefined;
  max_runs?: number | undefined;
};

/** A run of role `from` may launch runs of role `to`, from the share of its budget kept for them. */
export type DelegationRule = {
  from: string;
  to: RoleUse;
  max_runs: number;
  depth: number;
  share: number;
};

/** A role as the file names it, with what the file says about it. */
export type RoleUse = {
  name: string;
  role: Role;
  instructions: string | null;
  profile: string | null;
  model: string | null;
  budget: NodeBudget;
};

export type Retry = {
  max_retries: number;
  backoff_seconds: number;
  /** Failure classes that are tried again; null: those the run itself calls retryable. */
  on: readonly FailureClass[] | null;
};

export type OnFailure = 'fail' | 'continue' | 'skip_dependents' | 'run';

export type Expansion =
  | { kind: 'for_each'; list: Expression; text: string; max: number }
  | { kind: 'matrix'; combinations: readonly Readonly<Record<string, Scalar>>[] };

type Common = {
  id: string;
  index: number;
  description: string | null;
  /** Indices of nodes. */
  needs: readonly number[];
  dependents: readonly number[];
  when: Expression | null;
  when_text: string | null;
  on_failure: OnFailure;
  /** The node that runs when this one has failed for good, where on_failure is `run`. */
  handler: number | null;
  /** The node whose failure this one handles. */
  handles: number | null;
  /** Nodes that must have succeeded before it starts. */
  verifiers: readonly number[];
  timeout_seconds: number | null;
  retry: Retry;
  expansion: Expansion | null;
};

export type AgentNode = Common & {
  kind: 'agent';
  use: RoleUse;
  task: string | null;
  outputs: Outputs;
  allow_write: boolean;
  scope: Scope | null;
  budget: NodeBudget;
  isolation: Isolation;
  final_only: boolean;
  verify: { test_commands: readonly string[]; at_least: 'investigate' | 'accept' } | null;
  /** What a mock worker answers, as in the predecessor's files. */
  mock: { statuses: readonly string[]; missing: readonly string[] } | null;
};

export type Isolation = 'shared' | 'worktree';

/** As runs take it: in both lists `!x` takes away. */
export type Scope = {
  paths: readonly string[];
  commands: readonly string[];
  max_files?: number | undefined;
  max_lines?: number | undefined;
};

export type Condition = { text: string; expression: Expression };

export type GateNode = Common & {
  kind: 'gate';
  /** Empty: every need has to have passed. */
  conditions: readonly Condition[];
  on_fail: { target: number; max_retries: number } | null;
};

export type ApprovalNode = Common & { kind: 'approval'; question: string };

export type CommandNode = Common & {
  kind: 'command';
  command: { argv: readonly string[] } | { shell: string };
  directory: string | null;
  isolation: Isolation;
};

export type SubWorkflowNode = Common & {
  kind: 'workflow';
  uses: string;
  task: string | null;
  plan: Plan;
};

export type PlanNode = AgentNode | GateNode | ApprovalNode | CommandNode | SubWorkflowNode;

type Own<N> = N extends PlanNode ? Omit<N, keyof Common> : never;
/** What only one kind of node has. */
export type OwnPart = Own<PlanNode>;

/** The node of an index that comes from the plan itself. */
export function nodeAt(plan: Plan, index: number): PlanNode {
  const node = plan.nodes[index];
  if (node === undefined) throw new RangeError(`no node ${index} in ${plan.id}`);
  return node;
}
