import { arrayAt, booleanAt, compact, numberAt, objectAt, stringAt } from '../core/json.ts';
import { oneLine } from '../core/text.ts';
import { addUsage, subtractUsage } from '../workers/claude/usage.ts';
import type { UsageByModel } from '../workers/events.ts';
import { act, lists, texts } from './apply-helpers.ts';
import { limitTold } from './apply-limit.ts';
import {
  closingBegan,
  instructionAccepted,
  messageSent,
  messageState,
  sessionEnded,
  turnOver,
} from './apply-messages.ts';
import { answered, asked, deniedByCli, toolFinished, toolUsed, withdrawn } from './apply-tools.ts';
import { baselineKnown, countCalls, figuresOf } from './apply-usage.ts';
import type { RunEvent, StopReason } from './events.ts';
import { observe } from './insight/observe.ts';
import { isBoilerplate } from './insight/prose.ts';
import { type Progress, usageSoFar } from './progress.ts';
import { noteSecrets } from './secrets/event-notes.ts';

/** A gateway may answer with ever new models. */
const MODELS_KEPT = 20;
const CUT_TASKS_KEPT = 20;
/** An inbox is read in order, and a request expires within hours: more cannot come again. */
const REQUESTS_REMEMBERED = 200;

/** Folds one event in (the object is changed and returned: a run may have 100 000 of them). */
export function applyEvent(state: Progress, event: RunEvent): Progress {
  state.seq = event.seq;
  state.last_event = event.time;
  if (event.raw !== undefined) {
    state.raw_offset = event.raw[1];
    if (OUTPUT.has(event.type)) state.output_bytes += event.raw[1] - event.raw[0];
  }
  observe(state.insight, event, state);
  noteSecrets(state.secrets, event);
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
      return messageSent(state, event);
    case 'cc.instruction.accepted':
      return instructionAccepted(state, event);
    case 'cc.scope.narrowed':
      state.narrowed.push(lists(event, ['paths', 'commands']));
      return act(state, event, 'its scope was narrowed');
    case 'cc.question.asked':
      return questionAsked(state, event);
    case 'cc.budget.nudged':
      state.nudged = numberAt(event, 'mark') ?? state.nudged;
      return state;
    case 'cc.limit.reached':
    case 'cc.context.filled':
      return closingBegan(state, event);
    case 'cc.context.rotated':
      state.rotations = numberAt(event, 'index') ?? state.rotations + 1;
      if (state.closing !== undefined) state.closing.rotated = true;
      return act(state, event, 'handed over to a fresh session');
    case 'cc.message.state':
      return messageState(state, event);
    case 'cc.control.sent':
      return controlSent(state, event);
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
      return isBoilerplate(stringAt(event, 'text') ?? '')
        ? state
        : act(state, event, `says: ${oneLine(stringAt(event, 'text') ?? '', 160)}`);
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
    case 'cc.worker.notice':
      return limitTold(state, event);
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
      state.ended = {
        time: event.time,
        ...compact({ elapsed_ms: numberAt(event, 'elapsed_ms') }),
      };
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
      if (state.requests_done.length > REQUESTS_REMEMBERED) state.requests_done.shift();
      return state;
    default:
      return state;
  }
}

/** What the model and its tools said; questions, answers and figures are not the worker's output. */
const OUTPUT: ReadonlySet<RunEvent['type']> = new Set([
  'cc.message',
  'cc.thinking',
  'cc.tool.used',
  'cc.tool.finished',
]);

function startAttempt(state: Progress, event: RunEvent): Progress {
  // What an earlier attempt used stays counted; everything about its process is forgotten.
  const settled = usageSoFar(state);
  const worker = objectAt(event, 'worker');
  delete state.task;
  delete state.ready;
  delete state.turn_end;
  delete state.worker_exit;
  delete state.initialized;
  delete state.preflight;
  delete state.last_message_id;
  delete state.api_error;
  sessionEnded(state);
  return Object.assign(state, {
    raw_offset: 0,
    attempt: numberAt(event, 'attempt') ?? state.attempt + 1,
    fruitless: state.fruitless + 1,
    usage_cut: state.usage_cut || Object.keys(state.usage_open).length > 0,
    baseline: false,
    context: 0,
    session_calls: 0,
    questions: {},
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

function controlSent(state: Progress, event: RunEvent): Progress {
  if (event.kind === 'end_session') state.end_session.sent = true;
  if (event.kind === 'set_permission_mode') {
    state.mode = event.mode === 'read_only' ? 'read_only' : 'normal';
  }
  const model = event.kind === 'set_model' ? stringAt(event, 'model') : undefined;
  if (model !== undefined && !state.models_asked?.includes(model)) {
    state.models_asked = [...(state.models_asked ?? []), model].slice(-MODELS_KEPT);
  }
  return state;
}

function controlAnswered(state: Progress, event: RunEvent): Progress {
  const id = stringAt(event, 'request_id') ?? '';
  if (id.startsWith('init')) {
    const blocking = event.hooks_applied === true && event.hook_on_failure_supported === true;
    state.initialized = {
      blocking_hook: blocking,
      ...texts(event, ['error', 'token_source', 'key_source', 'provider']),
    };
  }
  if (id.startsWith('preflight')) state.preflight = texts(event, ['model']);
  if (id.startsWith('end')) state.end_session.acknowledged = event.ok === true;
  const total = objectAt(event, 'usage_total') as UsageByModel | undefined;
  if (id.startsWith('baseline')) return baselineKnown(state, total);
  if (total !== undefined) {
    state.usage_seen = true;
    state.usage_open = subtractUsage(total, state.usage_total_at_turn_end);
    figuresOf(state, event);
    countCalls(state);
  }
  return state;
}

function workerReady(state: Progress, event: RunEvent): Progress {
  state.ready = texts(event, ['model', 'session_id', 'version', 'key_source']);
  // It comes once per turn and only after a message: the task was taken up, and an earlier turn's
  // end says nothing about this one.
  if (state.task !== undefined) state.task.started = true;
  state.fruitless = 0;
  delete state.turn_end;
  state.background_cut = [];
  return act(state, event, `ready with ${stringAt(event, 'model') ?? 'an unknown model'}`);
}

function modelCalled(state: Progress, event: RunEvent): void {
  const id = stringAt(event, 'message_id');
  if (id === undefined || id === state.last_message_id) return;
  state.last_message_id = id;
  state.model_calls += 1;
  if (stringAt(event, 'parent') !== undefined) return;
  state.session_calls += 1;
  state.context = numberAt(event, 'context') ?? state.context;
  delete state.api_error;
  const model = stringAt(event, 'model');
  if (model === undefined || state.models.includes(model)) return;
  if (state.models.length < MODELS_KEPT) state.models.push(model);
}

function questionAsked(state: Progress, event: RunEvent): Progress {
  state.questions_asked = numberAt(event, 'question') ?? state.questions_asked + 1;
  state.questions[state.questions_asked] = {
    request_id: stringAt(event, 'request_id') ?? '',
    kind: event.kind === 'question' ? 'question' : 'permission',
    tool: stringAt(event, 'tool') ?? 'unknown',
    text: stringAt(event, 'text') ?? '',
    ...(Array.isArray(event.options) ? { options: event.options as string[][] } : {}),
    asked: event.time,
    until_ms: numberAt(event, 'until_ms') ?? 0,
  };
  return act(state, event, `asks: ${oneLine(stringAt(event, 'text') ?? '', 120)}`);
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
    ...compact({ structured: booleanAt(event, 'has_structured_output') }),
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
    countCalls(state);
  }
  turnOver(state);
  return act(state, event, event.is_error === true ? 'its turn failed' : 'finished its turn');
}
