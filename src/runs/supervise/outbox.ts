import { interrupt, userMessage } from '../../workers/claude/control.ts';
import type { Outgoing } from '../progress.ts';
import { requestId } from './ids.ts';
import { isTurnRunning, type Talk } from './talk.ts';

/**
 * The controller's instructions on their way to the worker. They are folded into the running turn at
 * its next tool call, or begin a turn of their own; sending one twice is processed once.
 */
export class Outbox {
  readonly #talk: Talk;
  /** Sent through this link, so certainly written; what a predecessor sent may be lost. */
  readonly #sent = new Set<string>();
  readonly #interruptedFor = new Set<string>();

  constructor(talk: Talk) {
    this.#talk = talk;
  }

  /** Sends what is due. Nothing is, before the task was taken up or once the session is closing. */
  sendDue(): void {
    const { task, closing, stop, outbox, end_session } = this.#talk.journal.progress;
    if (task?.started !== true || stop !== undefined || end_session.sent) return;
    if (closing !== undefined) return;
    for (const item of [...outbox]) {
      if (item.state === 'sent' && !this.#sent.has(item.message)) this.#send(item);
      if (item.state === 'accepted' && this.#isDue(item)) this.#send(item);
    }
  }

  #isDue({ when, message }: Outgoing): boolean {
    if (when === 'next_step' || !isTurnRunning(this.#talk)) return true;
    if (when === 'now' && !this.#interruptedFor.has(message)) {
      this.#interruptedFor.add(message);
      const id = requestId('interrupt');
      this.#talk.journal.record('cc.control.sent', { request_id: id, kind: 'interrupt' });
      this.#talk.link.send(interrupt(id));
    }
    return false;
  }

  #send(item: Outgoing): void {
    const { journal, link, texts } = this.#talk;
    const text = texts.get(item.message);
    if (text === undefined) {
      this.#talk.stop('internal', `the text of instruction ${item.message} is gone`);
      return;
    }
    this.#sent.add(item.message);
    journal.record('cc.message.sent', { message: item.message, kind: item.kind });
    link.send(userMessage(item.message, [text]));
  }
}
