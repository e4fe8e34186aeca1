import type { JsonObject } from '../core/json.ts';
import { addUsage } from '../workers/claude/usage.ts';
import type { UsageByModel } from '../workers/events.ts';
import type { StopReason } from './events.ts';
import { emptyInsight, type Insight } from './insight/insight.ts';
import type { Narrowing, RunMode } from './record.ts';
import type { Touched } from './scope/allowance.ts';
import { type EventSecrets, emptyEventSecrets } from './secrets/event-notes.ts';

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
  /** The answer satisfied the schema it was asked for. */
  structured?: boolean;
};

export type Outgoing = {
  message: string;
  kind: MessageKind;
  /** `now` interrupts the running turn; `after_turn` waits for its end. */
  when: 'next_step' | 'now' | 'after_turn';
  state: 'accepted' | 'sent' | 'queued' | 'started';
};

/** `wrap_up` and `handover` are our own: the model may only write, not use tools. */
export type MessageKind = 'task' | 'instruction' | 'wrap_up' | 'handover';

export type Closing = {
  kind: 'wrap_up' | 'handover';
  /** Which limit, or how full the context is, in words. */
  because: string;
  limit?: string;
  /** The worker is asked for closing words; otherwise it is only ended. */
  words: boolean;
  message?: string;
  /** Its turn is over. */
  done: boolean;
  /** The handover is kept; only the fresh session is still to be started. */
  rotated?: boolean;
};

export type Question = {
  request_id: string;
  kind: 'question' | 'permission';
  tool: string;
  text: string;
  options?: string[][];
  asked: string;
  /** Run time at which the answer is taken as no, in ms (monotonic, like the wall budget). */
  until_ms: number;
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

/** A gateway may answer with ever new models. */
export const MODELS_KEPT = 20;

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
  initialized?: {
    blocking_hook: boolean;
    error?: string;
    /** How the worker CLI will sign in. */
    token_source?: string;
    key_source?: string;
    provider?: string;
  };
  /** The model the worker CLI says it will use, asked before it gets its task. */
  preflight?: { model?: string };
  /** The task message: sent, and taken up by the worker. */
  task?: { uuid: string; sent: boolean; started: boolean; rejected: boolean };
  ready?: { model?: string; session_id?: string; version?: string; key_source?: string };
  /** Messages to the worker that are not done with, in the order they were accepted. */
  outbox: Outgoing[];
  /** Every instruction that was accepted, so that none is taken twice. */
  instructions: string[];
  /** The mode the controller put the worker into; `read_only` takes all changes away. */
  mode?: RunMode;
  /** The models the controller switched to, one after the other. */
  models_asked?: string[];
  /** What the controller took away from the scope; all of them hold, beside the scope itself. */
  narrowed: Narrowing[];
  /** What its file tools have changed, where the scope limits that. */
  touched: Touched;
  /** The run is being brought to an end (a limit) or to a fresh session (its context is full). */
  closing?: Closing;
  /** Handovers to fresh sessions so far, and how full the context of the present one is, in tokens. */
  rotations: number;
  context: number;
  /** Model calls of the present session. */
  session_calls: number;
  /** What the worker CLI says a model can keep in mind. */
  windows: Record<string, number>;
  /** Questions that wait for the controller, by their number. */
  questions: Record<string, Question>;
  questions_asked: number;
  /** Requests of the worker that we have not answered yet, by id, with their raw lines. */
  unanswered: Record<
    string,
    {
      kind: 'hook' | 'permission' | 'mcp';
      tool: string;
      raw: [number, number];
      attempt: number;
      /** Number of the event that holds it. */
      seq: number;
    }
  >;
  end_session: { sent: boolean; acknowledged: boolean };
  model_calls: number;
  /** Consecutive worker processes that never took up their task. */
  fruitless: number;
  /** Bytes of the worker's stream that hold messages and tool results. */
  output_bytes: number;
  /** Highest share of a budget the worker was told of. */
  nudged: number;
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
  /** What the provider last said about its limit window: when it ends (ms), and the share used. */
  quota?: { resets_at: number; used?: number };
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
  /** A session went before it had told all it used, so the sum is a lower bound. */
  usage_cut: boolean;
  /** Number of the last event that the latest figures surely include. */
  usage_asked_at: number;
  /** Tokens (as budgets count them) of one model call lately, and the calls they were seen at. */
  call_tokens: number;
  call_seen: { calls: number; tokens: number };
  /** What a resumed session had used before; nothing is handed over until that is known. */
  baseline: boolean;
  stop?: { reason: StopReason; by: string; detail?: string };
  /** The latest that were served; each is gone from the inbox before the next one is accepted. */
  requests_done: string[];
  /** What matters in all this: flags, findings, changed files. */
  insight: Insight;
  /** What was hidden in its events. */
  secrets: EventSecrets;
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
    outbox: [],
    instructions: [],
    narrowed: [],
    touched: { files: [], lines: 0 },
    rotations: 0,
    context: 0,
    session_calls: 0,
    windows: {},
    questions: {},
    questions_asked: 0,
    unanswered: {},
    end_session: { sent: false, acknowledged: false },
    model_calls: 0,
    fruitless: 0,
    output_bytes: 0,
    nudged: 0,
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
    usage_cut: false,
    usage_asked_at: 0,
    call_tokens: 0,
    call_seen: { calls: 0, tokens: 0 },
    baseline: false,
    requests_done: [],
    insight: emptyInsight(),
    secrets: emptyEventSecrets(),
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
