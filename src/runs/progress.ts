import type { JsonObject } from '../core/json.ts';
import { addUsage } from '../workers/claude/usage.ts';
import type { UsageByModel } from '../workers/events.ts';
import type { StopReason } from './events.ts';

/** A turn's end as the outcome needs it. */
export type TurnEnd = {
  /** Where the whole answer stands in the worker's stdout. */
  raw: [number, number] | undefined;
  subtype?: string | undefined;
  is_error: boolean;
  reason?: string | undefined;
  stop_reason?: string | undefined;
  /** Length of the final answer. */
  chars: number;
  status?: number | undefined;
  kind?: string | undefined;
  startup_failure?: string | undefined;
  turns: number;
  denials: number;
  /** Which tools the CLI says were refused, by our hook or by its own rules. */
  denied_tools: string[];
  errors: string[];
};

export type ToolLine = {
  time: string;
  /** Of the latest call; calls may run side by side, so results are told apart by it. */
  id?: string;
  tool: string;
  target?: string;
  /** How the latest call went. */
  ok?: boolean;
  count: number;
};

/**
 * Everything known about a run, folded from its events one at a time. The supervisor keeps it live,
 * a successor rebuilds it from the file, and readers get it as progress_summary.json; all three are
 * this one function, so they cannot disagree.
 */
export type Progress = {
  seq: number;
  /** Offset behind the last line of the worker's stdout that has an event. */
  raw_offset: number;
  attempt: number;
  worker?: { pid: number; start: string; boot: string };
  worker_exit?: { code: number | null; signal: string | null; adopted: boolean };
  /** The answer to `initialize`; only with a blocking hook may the task be handed over. */
  initialized?: { blocking_hook: boolean; error?: string };
  /** The task message: sent, and taken up by the worker. */
  task?: { uuid: string; sent: boolean; started: boolean; rejected: boolean };
  ready?: { model?: string; session_id?: string; version?: string; key_source?: string };
  /** Requests of the worker that we have not answered yet, by id, with their raw lines. */
  unanswered: Record<
    string,
    { kind: 'hook' | 'permission'; tool: string; raw: [number, number]; attempt: number }
  >;
  end_session: { sent: boolean; acknowledged: boolean };
  model_calls: number;
  last_message_id?: string;
  models: string[];
  tools: Record<string, number>;
  timeline: ToolLine[];
  /** Samples of the calls we refused; `refusals` counts them all. */
  refused: { tool: string; target?: string; reason: string }[];
  refusals: number;
  cli_denials: number;
  /** The latest of them, since the CLI may tell of one twice. */
  cli_denied: string[];
  retries: number;
  /** What the model service last answered to the main conversation, if that was an error. */
  api_error?: { error?: string; status?: number; kind?: string; code?: string; text?: string };
  background: string[];
  /** Background tasks that were ended after the turn, when the model could no longer mean it. */
  background_cut: string[];
  last_message?: string;
  last_action?: { time: string; text: string };
  turn_end?: TurnEnd;
  /** Tokens of finished turns, and what the running turn has used so far at least. */
  usage_settled: UsageByModel;
  usage_total_at_turn_end: UsageByModel;
  usage_open: UsageByModel;
  usage_seen: boolean;
  stop?: { reason: StopReason; by: string; detail?: string };
  requests_done: string[];
  /** The verdict, once it is journaled; only the record may still be missing. */
  outcome?: JsonObject | undefined;
  /** When that was, and the time the run had taken. */
  ended?: { time: string; elapsed_ms?: number };
  last_event?: string;
};

export function emptyProgress(): Progress {
  return {
    seq: 0,
    raw_offset: 0,
    attempt: 0,
    unanswered: {},
    end_session: { sent: false, acknowledged: false },
    model_calls: 0,
    models: [],
    tools: {},
    timeline: [],
    refused: [],
    refusals: 0,
    cli_denials: 0,
    cli_denied: [],
    retries: 0,
    background: [],
    background_cut: [],
    usage_settled: {},
    usage_total_at_turn_end: {},
    usage_open: {},
    usage_seen: false,
    requests_done: [],
  };
}

/** Tool calls that were refused so far, by us or by the worker's CLI. */
export function refusedCalls(state: Progress): number {
  return Math.max(state.refusals + state.cli_denials, state.turn_end?.denials ?? 0);
}

/** Tokens so far: exact for finished turns, a lower bound for the one under way. */
export function usageSoFar(state: Progress): UsageByModel {
  return addUsage(state.usage_settled, state.usage_open);
}
