import type { Reason } from '../vocabulary.ts';

/**
 * What is to be done, as data: the only thing that leaves the core. `id` is the same whenever the same
 * effect comes up again: doing one that was done must change nothing. Everything else about a node is in
 * the plan; `runOrderOf` and `promptOf` put it together.
 *
 * | Effect | Answered by (same `key`) |
 * |---|---|
 * | `start_run` | `run_started` or `start_refused`; then `run_ended`, once |
 * | `repair_handoff` | `run_ended` of the follow-up (its own usage), or `start_refused` |
 * | `verify_run` | `run_verified`, once, also when it was stopped or could not be done |
 * | `run_command` | `command_ended`, or `start_refused` |
 * | `start_workflow` | `run_started` (its id), `workflow_ended`, or `start_refused` |
 * | `ask_approval` | `approval_given`, unless `withdraw_approval` comes first |
 * | `stop_run` `stop_command` `stop_workflow` | nothing of its own: what was started ends, and says so |
 * | `answer_delegation` | nothing; it goes to the run that asked |
 * | `wake` | `woken`, at that time or later |
 */
export type Effect = { id: string } & (
  | ({ type: 'start_run' } & Start & Money & { delegated?: Delegated })
  | ({ type: 'run_command' } & Start)
  | ({ type: 'start_workflow' } & Start & Money)
  /** One follow-up in the session of the run; answered by another `run_ended` with the same key. */
  | ({ type: 'repair_handoff'; key: string; run_id: string; prompt: string } & Money)
  | {
      type: 'verify_run';
      key: string;
      run_id: string;
      node: string;
      test_commands: readonly string[];
    }
  | { type: 'ask_approval'; key: string; node: string; question: string }
  | { type: 'withdraw_approval'; key: string }
  /** The end is reported as that of whatever was started with the key. */
  | { type: 'stop_run' | 'stop_command' | 'stop_workflow'; key: string; reason: Reason }
  | { type: 'answer_delegation'; parent: string; request: string; key?: string; refused?: string }
  /** Report `woken` at that time. */
  | { type: 'wake'; at: string }
);
export type EffectType = Effect['type'];

export type Start = {
  /** Idempotency key. */
  key: string;
  node: string;
  /** `review`, or `review[3]` for the fourth of several. */
  task: string;
  round: number;
  try: number;
};

/** What it may use at most; absent is no limit but that of the policy. */
export type Money = { max_usd?: number; max_tokens?: number };

/** It was asked for by a run: its role and task are these, not those of the node. */
export type Delegated = { by: string; role: string; task: string };
