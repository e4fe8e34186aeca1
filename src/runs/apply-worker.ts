import { numberAt, objectAt, stringAt } from '../core/json.ts';
import { subtractUsage } from '../workers/claude/usage.ts';
import type { UsageByModel } from '../workers/events.ts';
import { act, texts } from './apply-helpers.ts';
import { sessionEnded } from './apply-messages.ts';
import { baselineKnown, countCalls, figuresOf } from './apply-usage.ts';
import type { RunEvent } from './events.ts';
import { MODELS_KEPT, type Progress, usageSoFar } from './progress.ts';

export function startAttempt(state: Progress, event: RunEvent): Progress {
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

export function controlSent(state: Progress, event: RunEvent): Progress {
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

export function controlAnswered(state: Progress, event: RunEvent): Progress {
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

export function workerReady(state: Progress, event: RunEvent): Progress {
  state.ready = texts(event, ['model', 'session_id', 'version', 'key_source']);
  // It comes once per turn and only after a message: the task was taken up, and an earlier turn's
  // end says nothing about this one.
  if (state.task !== undefined) state.task.started = true;
  state.fruitless = 0;
  delete state.turn_end;
  state.background_cut = [];
  return act(state, event, `ready with ${stringAt(event, 'model') ?? 'an unknown model'}`);
}
