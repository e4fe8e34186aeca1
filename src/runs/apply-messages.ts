import { booleanAt, stringAt } from '../core/json.ts';
import { act, texts } from './apply-helpers.ts';
import type { RunEvent } from './events.ts';
import type { MessageKind, Outgoing, Progress } from './progress.ts';

/** A message of the controller, kept until it is due. */
export function instructionAccepted(state: Progress, event: RunEvent): Progress {
  const message = stringAt(event, 'message') ?? '';
  state.instructions.push(message);
  state.outbox.push({
    message,
    kind: 'instruction',
    when: (stringAt(event, 'when') ?? 'next_step') as Outgoing['when'],
    state: 'accepted',
  });
  return state;
}

export function messageSent(state: Progress, event: RunEvent): Progress {
  const message = stringAt(event, 'message') ?? '';
  const kind = (stringAt(event, 'kind') ?? 'task') as MessageKind;
  if (kind === 'task') {
    state.task = { uuid: message, sent: true, started: false, rejected: false };
    return state;
  }
  const waiting = state.outbox.find((item) => item.message === message);
  if (waiting !== undefined) waiting.state = 'sent';
  else state.outbox.push({ message, kind, when: 'next_step', state: 'sent' });
  if (kind !== 'instruction' && state.closing !== undefined) state.closing.message = message;
  return act(
    state,
    event,
    kind === 'instruction' ? 'was given an instruction' : `was asked to ${kind}`,
  );
}

/** What the worker CLI tells of a message: queued, started, completed, … (claude-code-cli.md §2.2). */
export function messageState(state: Progress, event: RunEvent): Progress {
  const id = stringAt(event, 'message');
  const { task } = state;
  if (task !== undefined && task.uuid === id) {
    task.started ||= event.state === 'started';
    task.rejected ||= event.state === 'refused' || event.state === 'discarded';
    if (task.started) state.fruitless = 0;
    return state;
  }
  const sent = state.outbox.find((item) => item.message === id);
  if (sent === undefined) return state;
  if (event.state === 'queued' && sent.state === 'sent') sent.state = 'queued';
  if (event.state === 'started') {
    sent.state = 'started';
    // It may be folded into the running turn, or begin one of its own.
    delete state.turn_end;
  }
  if (OVER.has(String(event.state))) {
    state.outbox = state.outbox.filter((item) => item !== sent);
    if (event.state === 'refused') act(state, event, 'did not take up an instruction');
  }
  return state;
}

const OVER: ReadonlySet<string> = new Set(['completed', 'cancelled', 'discarded', 'refused']);

/** A turn is over, and with it every message that went into it. */
export function turnOver(state: Progress): void {
  const { closing } = state;
  const ended = (item: Outgoing) => item.state === 'started';
  if (closing?.message !== undefined) {
    closing.done ||= state.outbox.some((item) => item.message === closing.message && ended(item));
  }
  state.outbox = state.outbox.filter((item) => !ended(item));
}

export function closingBegan(state: Progress, event: RunEvent): Progress {
  state.closing = {
    kind: event.type === 'cc.limit.reached' ? 'wrap_up' : 'handover',
    because: stringAt(event, 'because') ?? '',
    ...texts(event, ['limit']),
    words: booleanAt(event, 'words') ?? false,
    done: false,
  };
  return act(state, event, `has to end: ${state.closing.because}`);
}

/** What a worker process that is gone had not taken up goes to the next one. */
export function sessionEnded(state: Progress): void {
  if (state.closing?.kind === 'handover') delete state.closing;
  state.outbox = state.outbox
    .filter(({ kind, state: how }) => kind === 'instruction' && how !== 'started')
    .map((item) => ({ ...item, state: 'accepted' }));
}
