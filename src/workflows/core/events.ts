import type { FailureClass, RunState } from '../../core/vocabulary.ts';
import type { Verdict, WorkflowState } from '../vocabulary.ts';
import type { TestCounts } from './instance.ts';

/** What something has used by itself. `usd: null`: its price is not known. */
export type Usage = {
  usd: number | null;
  /** It ended before it could tell everything: `usd` and `tokens` are lower bounds. */
  at_least?: true;
  tokens: number;
  elapsed_ms: number;
};

/**
 * What happened, as whoever carries out effects reports it. `key` is the one of the effect. Reporting
 * something twice, or something that has become meaningless, changes nothing.
 */
export type WorkflowEvent = { time: string } & (
  | { type: 'started' }
  | { type: 'run_started'; key: string; run_id: string; profile?: string; model?: string }
  /** It could not start. With `retry_after_ms` it is tried again then, and that is no attempt. */
  | {
      type: 'start_refused';
      key: string;
      text: string;
      retry_after_ms?: number;
      class?: FailureClass;
    }
  | ({ type: 'run_ended' } & RunEnd)
  | ({ type: 'run_verified' } & RunVerified)
  | {
      type: 'command_ended';
      key: string;
      exit_code: number | null;
      elapsed_ms: number;
      output_tail?: string;
      tests?: TestCounts;
    }
  | {
      type: 'workflow_ended';
      key: string;
      workflow_id: string;
      state: WorkflowState;
      text: string;
      usage: Usage;
      /** By node. */
      handoffs?: Readonly<Record<string, unknown>>;
    }
  | {
      type: 'approval_given';
      key: string;
      decision: 'approved' | 'rejected';
      by: string;
      comment?: string;
    }
  /** Time has passed; the answer to a `wake`. */
  | { type: 'woken' }
  /** A run asks to launch another one. `parent` is the key of its attempt or of a run it was launched by. */
  | {
      type: 'delegation_asked';
      parent: string;
      request: string;
      role: string;
      task: string;
      max_usd?: number;
      max_tokens?: number;
    }
  | { type: 'stop_asked'; by: string; text?: string }
  /** Everything that did not succeed is done again; with `limits` the budget is another one. */
  | {
      type: 'resume_asked';
      by: string;
      limits?: { max_usd?: number; max_tokens?: number; max_runs?: number };
    }
  /** The node and all that came of it are taken back. */
  | { type: 'retry_asked'; node: string; by: string; text?: string }
);

export type RunEnd = {
  key: string;
  run_id: string;
  state: RunState;
  failure: { class: FailureClass; text: string };
  usage: Usage;
  /** The answer as it was structured by the worker; undefined: it gave none. */
  handoff?: unknown;
  changed_files?: number;
  profile?: string;
  model?: string;
};

export type RunVerified = {
  key: string;
  verdict: Verdict;
  risk?: number;
  reasons: readonly string[];
  tests?: TestCounts;
  changed_files?: number;
};

/** An event as it is reported: its time is given when it is written down. */
export type Timeless<E> = E extends { time: string } ? Omit<E, 'time'> : never;
