import { arrayAt, booleanAt, compact, numberAt, objectAt, stringAt } from '../core/json.ts';
import { addUsage, subtractUsage } from '../workers/claude/usage.ts';
import type { UsageByModel } from '../workers/events.ts';
import { act } from './apply-helpers.ts';
import { turnOver } from './apply-messages.ts';
import { countCalls } from './apply-usage.ts';
import type { RunEvent } from './events.ts';
import { MODELS_KEPT, type Progress } from './progress.ts';

const CUT_TASKS_KEPT = 20;

export function modelCalled(state: Progress, event: RunEvent): void {
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

export function taskChanged(state: Progress, event: RunEvent): Progress {
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

export function turnEnded(state: Progress, event: RunEvent): Progress {
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
