import { arrayAt, booleanAt, compact, numberAt, objectAt, stringAt } from '../core/json.ts';
import { oneLine } from '../core/text.ts';
import { addUsage } from '../workers/claude/usage.ts';
import type { UsageByModel } from '../workers/events.ts';
import type { RunEvent, StopReason } from './events.ts';

/** A turn's end as the outcome needs it. */
export type TurnEnd = {
  /** Where the whole answer stands in the worker's stdout. */
  raw: [number, number] | undefined;
  subtype?: string | undefined;
  is_error: boolean;
  reason?: string | undefined;
  status?: number | undefined;
  kind?: string | undefined;
  startup_failure?: string | undefined;
  turns: number;
  denials: number;
  errors: string[];
};

export type ToolLine = { time: string; tool: string; target?: string; ok?: boolean; count: number };

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
  task?: { uuid: string; sent: boolean; started: boolean };
  ready?: { model?: string; session_id?: string; version?: string; key_source?: string };
  /** Requests of the worker that we have not answered yet, by id, with their raw lines. */
  unanswered: Record<
    string,
    { kind: 'hook' | 'permission'; raw: [number, number]; attempt: number }
  >;
  end_session: { sent: boolean; acknowledged: boolean };
  model_calls: number;
  last_message_id?: string;
  models: string[];
  tools: Record<string, number>;
  timeline: ToolLine[];
  refused: { tool: string; target?: string; reason: string }[];
  cli_denials: number;
  retries: number;
  api_error?: { error?: string; status?: number; kind?: string; text?: string };
  background: string[];
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
  last_event?: string;
};

const TIMELINE_LINES = 60;
const REFUSALS_KEPT = 20;

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
    cli_denials: 0,
    retries: 0,
    background: [],
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
      state.task = { uuid: stringAt(event, 'message') ?? '', sent: true, started: false };
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
      delete state.unanswered[stringAt(event, 'request_id') ?? ''];
      return state;
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
      state.cli_denials += 1;
      return state;
    case 'cc.api.retried':
      state.retries += 1;
      return act(
        state,
        event,
        `retries the model service (${event.status ?? event.error ?? 'network'})`,
      );
    case 'cc.api.failed':
      state.api_error = {
        ...texts(event, ['error', 'kind', 'text']),
        ...compact({ status: numberAt(event, 'status') }),
      };
      return state;
    case 'cc.task.changed':
      if (Array.isArray(event.background)) {
        state.background = event.background.filter((id) => typeof id === 'string');
      }
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
    usage_settled: settled,
    usage_total_at_turn_end: {},
    usage_open: {},
  });
}

function messageState(state: Progress, event: RunEvent): Progress {
  const { task } = state;
  if (task?.uuid === stringAt(event, 'message') && task !== undefined) {
    task.started ||= event.state === 'started';
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
    state.usage_open = subtract(total as UsageByModel, state.usage_total_at_turn_end);
  }
  return state;
}

function workerReady(state: Progress, event: RunEvent): Progress {
  state.ready = texts(event, ['model', 'session_id', 'version', 'key_source']);
  return act(state, event, `ready with ${stringAt(event, 'model') ?? 'an unknown model'}`);
}

function asked(state: Progress, event: RunEvent): Progress {
  const id = stringAt(event, 'request_id');
  if (id === undefined || event.raw === undefined) return state;
  const kind = event.type === 'cc.hook.asked' ? 'hook' : 'permission';
  state.unanswered[id] = { kind, raw: event.raw, attempt: state.attempt };
  return state;
}

function answered(state: Progress, event: RunEvent): Progress {
  delete state.unanswered[stringAt(event, 'request_id') ?? ''];
  if (event.allow !== false) return state;
  const tool = stringAt(event, 'tool') ?? 'unknown';
  if (state.refused.length < REFUSALS_KEPT) {
    state.refused.push({
      tool,
      ...texts(event, ['target']),
      reason: stringAt(event, 'reason') ?? 'not allowed',
    });
  }
  return act(state, event, `was refused ${tool}`);
}

function modelCalled(state: Progress, event: RunEvent): void {
  const id = stringAt(event, 'message_id');
  if (id === undefined || id === state.last_message_id) return;
  state.last_message_id = id;
  state.model_calls += 1;
  const model = stringAt(event, 'model');
  if (
    model !== undefined &&
    stringAt(event, 'parent') === undefined &&
    !state.models.includes(model)
  ) {
    state.models.push(model);
  }
}

function toolUsed(state: Progress, event: RunEvent): Progress {
  const tool = stringAt(event, 'tool') ?? 'unknown';
  const target = stringAt(event, 'target');
  state.tools[tool] = (state.tools[tool] ?? 0) + 1;
  const last = state.timeline.at(-1);
  if (last !== undefined && last.tool === tool && last.target === target) last.count += 1;
  else
    state.timeline.push({
      time: event.time,
      tool,
      ...(target === undefined ? {} : { target }),
      count: 1,
    });
  if (state.timeline.length > TIMELINE_LINES) state.timeline.shift();
  return act(state, event, target === undefined ? tool : `${tool} ${oneLine(target, 120)}`);
}

function toolFinished(state: Progress, event: RunEvent): Progress {
  const last = state.timeline.at(-1);
  if (last !== undefined && last.ok === undefined) last.ok = event.ok === true;
  return state;
}

function turnEnded(state: Progress, event: RunEvent): Progress {
  state.turn_end = {
    raw: event.raw,
    subtype: stringAt(event, 'subtype'),
    is_error: booleanAt(event, 'is_error') ?? true,
    reason: stringAt(event, 'reason'),
    status: numberAt(event, 'status'),
    kind: stringAt(event, 'kind'),
    startup_failure: stringAt(event, 'startup_failure'),
    turns: numberAt(event, 'turns') ?? 0,
    denials: arrayAt(event, 'denials').length,
    errors: arrayAt(event, 'errors').filter((item) => typeof item === 'string'),
  };
  const delta = objectAt(event, 'usage');
  if (delta !== undefined) {
    state.usage_seen = true;
    state.usage_settled = addUsage(state.usage_settled, delta as UsageByModel);
    state.usage_total_at_turn_end = (objectAt(event, 'usage_total') ?? {}) as UsageByModel;
    state.usage_open = {};
  }
  return act(state, event, event.is_error === true ? 'its turn failed' : 'finished its turn');
}

function act(state: Progress, event: RunEvent, text: string): Progress {
  state.last_action = { time: event.time, text };
  return state;
}

function subtract(total: UsageByModel, before: UsageByModel): UsageByModel {
  const rest: UsageByModel = {};
  for (const [model, count] of Object.entries(total)) {
    const old = before[model];
    rest[model] = {
      input: count.input - (old?.input ?? 0),
      output: count.output - (old?.output ?? 0),
      cache_read: count.cache_read - (old?.cache_read ?? 0),
      cache_write: count.cache_write - (old?.cache_write ?? 0),
      ...(count.cli_usd === undefined ? {} : { cli_usd: count.cli_usd - (old?.cli_usd ?? 0) }),
    };
  }
  return rest;
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
