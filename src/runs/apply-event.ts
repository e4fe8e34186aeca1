import { booleanAt, compact, numberAt, objectAt, stringAt } from '../core/json.ts';
import { oneLine } from '../core/text.ts';
import { act, lists, texts } from './apply-helpers.ts';
import { limitTold } from './apply-limit.ts';
import { closingBegan, instructionAccepted, messageSent, messageState } from './apply-messages.ts';
import {
  answered,
  asked,
  deniedByCli,
  questionAsked,
  toolFinished,
  toolUsed,
  withdrawn,
} from './apply-tools.ts';
import { modelCalled, taskChanged, turnEnded } from './apply-turn.ts';
import { controlAnswered, controlSent, startAttempt, workerReady } from './apply-worker.ts';
import type { RunEvent, StopReason } from './events.ts';
import { observe } from './insight/observe.ts';
import { isBoilerplate } from './insight/prose.ts';
import type { Progress } from './progress.ts';
import { noteSecrets } from './secrets/event-notes.ts';

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
    case 'cc.mcp.asked':
      return asked(state, event);
    case 'cc.request.withdrawn':
      return withdrawn(state, event);
    case 'cc.hook.answered':
    case 'cc.permission.answered':
    case 'cc.mcp.answered':
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
