import {
  arrayAt,
  booleanAt,
  compact,
  type JsonObject,
  numberAt,
  objectAt,
  stringAt,
} from '../core/json.ts';
import { oneLine } from '../core/text.ts';
import { addUsage, subtractUsage } from '../workers/claude/usage.ts';
import type { UsageByModel } from '../workers/events.ts';
import type { RunEvent, StopReason } from './events.ts';

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
  last_event?: string;
};

const TIMELINE_LINES = 60;
const REFUSALS_KEPT = 40;
/** So that one kind of call, tried again and again, leaves room for the others. */
const REFUSALS_PER_TOOL = 8;
const REASON_CHARS = 500;
/** A model may call tools that do not exist, and a gateway may answer with ever new models. */
const TOOLS_KEPT = 40;
const MODELS_KEPT = 20;
const CUT_TASKS_KEPT = 20;
const DENIED_KEPT = 50;

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

/** Folds one event in (the object is changed and returned: a run may have 100 000 of them). */
export function applyEvent(state: Progress, event: RunEvent): Progress {
  state.seq = event.seq;
  state.last_event = event.time;
  if (event.raw !== undefined) state.raw_offset = event.raw[1];
  switch (event.type) {
    case 'cc.worker.started':
      return startAttempt(state, event);
    case 'cc.worker.exited':
      state.worker_exit = {
        code: numberAt(event, 'code') ?? null,
        signal: stringAt(event, 'signal') ?? null,
        adopted: booleanAt(event, 'adopted') ?? false,
      };
      return state;
    case 'cc.message.sent':
      state.task = {
        uuid: stringAt(event, 'message') ?? '',
        sent: true,
        started: false,
        rejected: false,
      };
      return state;
    case 'cc.message.state':
      return messageState(state, event);
    case 'cc.control.sent':
      if (event.kind === 'end_session') state.end_session.sent = true;
      return state;
    case 'cc.control.answered':
      return controlAnswered(state, event);
    case 'cc.worker.ready':
      return workerReady(state, event);
    case 'cc.hook.asked':
    case 'cc.permission.asked':
      return asked(state, event);
    case 'cc.request.withdrawn':
      return withdrawn(state, event);
    case 'cc.hook.answered':
    case 'cc.permission.answered':
      return answered(state, event);
    case 'cc.message':
      modelCalled(state, event);
      if (stringAt(event, 'parent') === undefined)
        state.last_message = stringAt(event, 'text') ?? '';
      return act(state, event, `says: ${oneLine(stringAt(event, 'text') ?? '', 160)}`);
    case 'cc.thinking':
      modelCalled(state, event);
      return state;
    case 'cc.tool.used':
      modelCalled(state, event);
      return toolUsed(state, event);
    case 'cc.tool.finished':
      return toolFinished(state, event);
    case 'cc.tool.denied':
      return deniedByCli(state, event);
    case 'cc.api.retried':
      state.retries += 1;
      return act(
        state,
        event,
        `retries the model service (${event.status ?? event.error ?? 'network'})`,
      );
    case 'cc.api.failed':
      if (stringAt(event, 'parent') !== undefined) return state;
      state.api_error = {
        ...texts(event, ['error', 'kind', 'code', 'text']),
        ...compact({ status: numberAt(event, 'status') }),
      };
      return state;
    case 'cc.task.changed':
      return taskChanged(state, event);
    case 'cc.run.ended':
      state.outcome = objectAt(event, 'outcome');
      return state;
    case 'cc.turn.ended':
      return turnEnded(state, event);
    case 'cc.stop.requested':
      state.stop ??= {
        reason: (stringAt(event, 'reason') ?? 'internal') as StopReason,
        by: stringAt(event, 'by') ?? 'unknown',
        ...texts(event, ['detail']),
      };
      return state;
    case 'cc.request.done':
      state.requests_done.push(stringAt(event, 'id') ?? '');
      return state;
    default:
      return state;
  }
}

/** Tool calls that were refused so far, by us or by the worker's CLI. */
export function refusedCalls(state: Progress): number {
  return Math.max(state.refusals + state.cli_denials, state.turn_end?.denials ?? 0);
}

/** Tokens so far: exact for finished turns, a lower bound for the one under way. */
export function usageSoFar(state: Progress): UsageByModel {
  return addUsage(state.usage_settled, state.usage_open);
}

function startAttempt(state: Progress, event: RunEvent): Progress {
  // What an earlier attempt used stays counted; everything about its process is forgotten.
  const settled = usageSoFar(state);
  const worker = objectAt(event, 'worker');
  delete state.task;
  delete state.ready;
  delete state.turn_end;
  delete state.worker_exit;
  delete state.initialized;
  delete state.last_message_id;
  delete state.api_error;
  return Object.assign(state, {
    raw_offset: 0,
    attempt: numberAt(event, 'attempt') ?? state.attempt + 1,
    worker: {
      pid: numberAt(worker, 'pid') ?? 0,
      start: stringAt(worker, 'start') ?? '',
      boot: stringAt(worker, 'boot') ?? '',
    },
    unanswered: {},
    end_session: { sent: false, acknowledged: false },
    background: [],
    background_cut: [],
    usage_settled: settled,
    usage_total_at_turn_end: {},
    usage_open: {},
  });
}

function messageState(state: Progress, event: RunEvent): Progress {
  const { task } = state;
  if (task?.uuid === stringAt(event, 'message') && task !== undefined) {
    task.started ||= event.state === 'started';
    task.rejected ||= event.state === 'refused' || event.state === 'discarded';
  }
  return state;
}

function controlAnswered(state: Progress, event: RunEvent): Progress {
  const id = stringAt(event, 'request_id') ?? '';
  if (id.startsWith('init')) {
    const blocking = event.hooks_applied === true && event.hook_on_failure_supported === true;
    state.initialized = { blocking_hook: blocking, ...texts(event, ['error']) };
  }
  if (id.startsWith('end')) state.end_session.acknowledged = event.ok === true;
  const total = objectAt(event, 'usage_total');
  if (total !== undefined) {
    state.usage_seen = true;
    state.usage_open = subtractUsage(total as UsageByModel, state.usage_total_at_turn_end);
  }
  return state;
}

function workerReady(state: Progress, event: RunEvent): Progress {
  state.ready = texts(event, ['model', 'session_id', 'version', 'key_source']);
  // It comes once per turn and only after a message: the task was taken up, and an earlier turn's
  // end says nothing about this one.
  if (state.task !== undefined) state.task.started = true;
  delete state.turn_end;
  state.background_cut = [];
  return act(state, event, `ready with ${stringAt(event, 'model') ?? 'an unknown model'}`);
}

function asked(state: Progress, event: RunEvent): Progress {
  const id = stringAt(event, 'request_id');
  if (id === undefined || event.raw === undefined) return state;
  const kind = event.type === 'cc.hook.asked' ? 'hook' : 'permission';
  const tool = stringAt(event, 'tool') ?? 'unknown';
  state.unanswered[id] = { kind, tool, raw: event.raw, attempt: state.attempt };
  return state;
}

function answered(state: Progress, event: RunEvent): Progress {
  delete state.unanswered[stringAt(event, 'request_id') ?? ''];
  if (event.allow !== false) return state;
  const tool = stringAt(event, 'tool') ?? 'unknown';
  const reason = oneLine(stringAt(event, 'reason') ?? 'not allowed', REASON_CHARS);
  refuse(state, { tool, ...texts(event, ['target']), reason });
  return act(state, event, `was refused ${tool}`);
}

/** The CLI waits no longer, and to it no answer is a refusal. It says so nowhere else. */
function withdrawn(state: Progress, event: RunEvent): Progress {
  const id = stringAt(event, 'request_id') ?? '';
  const question = state.unanswered[id];
  delete state.unanswered[id];
  if (question === undefined || state.stop !== undefined) return state;
  refuse(state, { tool: question.tool, reason: 'nobody answered in time' });
  return act(state, event, `waited in vain for leave to use ${question.tool}`);
}

function refuse(state: Progress, call: Progress['refused'][number]): void {
  state.refusals += 1;
  const alike = state.refused.filter(({ tool }) => tool === call.tool).length;
  if (state.refused.length < REFUSALS_KEPT && alike < REFUSALS_PER_TOOL) state.refused.push(call);
}

function modelCalled(state: Progress, event: RunEvent): void {
  const id = stringAt(event, 'message_id');
  if (id === undefined || id === state.last_message_id) return;
  state.last_message_id = id;
  state.model_calls += 1;
  if (stringAt(event, 'parent') !== undefined) return;
  delete state.api_error;
  const model = stringAt(event, 'model');
  if (model === undefined || state.models.includes(model)) return;
  if (state.models.length < MODELS_KEPT) state.models.push(model);
}

function toolUsed(state: Progress, event: RunEvent): Progress {
  const tool = stringAt(event, 'tool') ?? 'unknown';
  const target = stringAt(event, 'target');
  countTool(state, tool);
  const last = state.timeline.at(-1);
  if (last !== undefined && last.tool === tool && last.target === target) {
    last.count += 1;
    Object.assign(last, texts(event, ['id']));
    delete last.ok;
  } else {
    state.timeline.push({ time: event.time, ...texts(event, ['id', 'target']), tool, count: 1 });
  }
  if (state.timeline.length > TIMELINE_LINES) state.timeline.shift();
  return act(state, event, target === undefined ? tool : `${tool} ${oneLine(target, 120)}`);
}

function toolFinished(state: Progress, event: RunEvent): Progress {
  const id = stringAt(event, 'id');
  const line = state.timeline.findLast((item) => item.id !== undefined && item.id === id);
  if (line !== undefined) line.ok = event.ok === true;
  // Of its deny rules, unlike of its permission modes, it tells here only.
  return event.denied_by === 'config' ? deniedByCli(state, event) : state;
}

function deniedByCli(state: Progress, event: RunEvent): Progress {
  const id = stringAt(event, 'id');
  if (id !== undefined && state.cli_denied.includes(id)) return state;
  if (id !== undefined) state.cli_denied = [...state.cli_denied, id].slice(-DENIED_KEPT);
  state.cli_denials += 1;
  return state;
}

function countTool(state: Progress, tool: string): void {
  // A tool may be called `constructor`, which every object seems to have.
  const isKnown = Object.hasOwn(state.tools, tool);
  const hasRoom = Object.keys(state.tools).length < TOOLS_KEPT;
  const name = isKnown || hasRoom ? tool : '(other tools)';
  const before = Object.hasOwn(state.tools, name) ? (state.tools[name] ?? 0) : 0;
  state.tools = { ...state.tools, [name]: before + 1 };
}

function taskChanged(state: Progress, event: RunEvent): Progress {
  if (Array.isArray(event.background)) {
    state.background = event.background.filter((id) => typeof id === 'string');
  }
  const isCut = event.status === 'killed' || event.status === 'stopped';
  const task = stringAt(event, 'task') ?? '';
  if (isCut && state.turn_end !== undefined && !state.background_cut.includes(task)) {
    state.background_cut = [...state.background_cut, task].slice(-CUT_TASKS_KEPT);
  }
  return state;
}

function turnEnded(state: Progress, event: RunEvent): Progress {
  state.turn_end = {
    raw: event.raw,
    subtype: stringAt(event, 'subtype'),
    is_error: booleanAt(event, 'is_error') ?? true,
    reason: stringAt(event, 'reason'),
    stop_reason: stringAt(event, 'stop_reason'),
    chars: numberAt(event, 'chars') ?? 0,
    status: numberAt(event, 'status'),
    kind: stringAt(event, 'kind'),
    startup_failure: stringAt(event, 'startup_failure'),
    turns: numberAt(event, 'turns') ?? 0,
    denials: numberAt(event, 'denials') ?? 0,
    denied_tools: arrayAt(event, 'denied_tools').filter((item) => typeof item === 'string'),
    errors: arrayAt(event, 'errors').filter((item) => typeof item === 'string'),
  };
  const total = objectAt(event, 'usage_total') as UsageByModel | undefined;
  const before = state.usage_total_at_turn_end;
  const used = (objectAt(event, 'usage') ?? (total && subtractUsage(total, before))) as
    | UsageByModel
    | undefined;
  if (used !== undefined) {
    state.usage_seen = true;
    state.usage_settled = addUsage(state.usage_settled, used);
    state.usage_total_at_turn_end = total ?? addUsage(before, used);
    state.usage_open = {};
  }
  return act(state, event, event.is_error === true ? 'its turn failed' : 'finished its turn');
}

function act(state: Progress, event: RunEvent, text: string): Progress {
  state.last_action = { time: event.time, text };
  return state;
}

/** The string fields among `keys`, so that absent ones stay absent. */
function texts<K extends string>(event: RunEvent, keys: readonly K[]): { [key in K]?: string } {
  const found: { [key in K]?: string } = {};
  for (const key of keys) {
    const value = stringAt(event, key);
    if (value !== undefined) found[key] = value;
  }
  return found;
}
