import { randomUUID } from 'node:crypto';
import {
  endSession,
  getSettings,
  getUsage,
  initialize,
  interrupt,
  userMessage,
} from '../../workers/claude/control.ts';
import { OWN_SERVER } from '../../workers/claude/own-server.ts';
import { launchMismatch } from '../preflight.ts';
import { Closing } from './closing.ts';
import { Delegation } from './delegation.ts';
import { Gate } from './gate.ts';
import { requestId } from './ids.ts';
import { Outbox } from './outbox.ts';
import type { Talk } from './talk.ts';

/** Added to the hook timeout, so that an unsupervised worker is frozen longer than its budget lasts. */
const HOOK_MARGIN_SECONDS = 3600;

/**
 * What the supervisor says to the worker and why: initialise, hand over the task, answer its
 * questions, pass on instructions, ask what it has used, end the session. Every message is journaled
 * before it is sent.
 */
export class Conversation {
  readonly gate: Gate;
  readonly delegation: Delegation;
  readonly #talk: Talk;
  readonly #closing: Closing;
  readonly #outbox: Outbox;
  /** The texts of the first message. */
  readonly #opening: () => readonly string[];
  #usageAskedFor: string | undefined;
  #baselineAsked = false;
  #endSent = false;
  #preflightAsked = false;

  constructor(talk: Talk, opening: () => readonly string[]) {
    this.#talk = talk;
    this.#opening = opening;
    this.#closing = new Closing(talk);
    this.gate = new Gate(talk, this.#closing);
    this.delegation = new Delegation(talk);
    this.#outbox = new Outbox(talk);
  }

  open(): void {
    const { journal, link, record } = this.#talk;
    const id = requestId('init');
    journal.record('cc.control.sent', { request_id: id, kind: 'initialize' });
    const servers = record.delegation === undefined ? [] : [OWN_SERVER];
    link.send(initialize(id, record.budget.wall_seconds + HOOK_MARGIN_SECONDS, servers));
  }

  /**
   * Does whatever is due now, judged from the run's progress alone. So it is the same after every
   * batch of lines, after a take-over, and after a moment in which nothing could be recorded.
   */
  catchUp(): void {
    this.#checkRoute();
    this.#handOver();
    if (this.#progress.task?.rejected) {
      this.#talk.stop('internal', 'the worker did not take up the task message');
    }
    this.gate.answerAll();
    this.delegation.answerAll();
    this.gate.expireQuestions();
    this.#closing.watch();
    this.#closing.step();
    this.#outbox.sendDue();
    this.#askUsage();
    this.#endWhenDone();
  }

  /** Breaks off the running turn; the worker ends it and stays ready. */
  interrupt(): void {
    const id = requestId('interrupt');
    this.#talk.journal.record('cc.control.sent', { request_id: id, kind: 'interrupt' });
    this.#talk.link.send(interrupt(id));
  }

  get #progress() {
    return this.#talk.journal.progress;
  }

  #handOver(): void {
    const { initialized, task, stop } = this.#progress;
    if (initialized === undefined || task !== undefined || stop !== undefined) return;
    // Without a hook that blocks, a failing callback would let a call through (§5, fail-open traps).
    if (!initialized.blocking_hook) {
      this.#talk.stop('worker_unsupported', initialized.error ?? 'it applied no blocking hook');
      return;
    }
    if (this.#mustAskModel() || this.#mustAskBaseline()) return;
    const uuid = randomUUID();
    this.#talk.journal.record('cc.message.sent', { message: uuid, kind: 'task' });
    this.#talk.link.send(userMessage(uuid, this.#opening()));
  }

  /** Before the task where that can be told, else with the first turn: nothing is paid for twice. */
  #checkRoute(): void {
    const { stop, end_session } = this.#progress;
    if (stop !== undefined || end_session.sent) return;
    const mismatch = launchMismatch(this.#talk.record, this.#progress);
    if (mismatch === undefined) return;
    this.#talk.stop('route_mismatch', mismatch);
    this.#talk.dismiss();
  }

  #mustAskModel(): boolean {
    if (this.#progress.preflight !== undefined) return false;
    if (!this.#preflightAsked) this.#talk.link.send(getSettings(requestId('preflight')));
    this.#preflightAsked = true;
    return true;
  }

  /** A resumed session counts on from what it had used before, which must be known first (§2.5). */
  #mustAskBaseline(): boolean {
    const { baseline, rotations } = this.#progress;
    if (this.#talk.record.worker.resume !== true || rotations > 0 || baseline) return false;
    if (!this.#baselineAsked) this.#talk.link.send(getUsage(requestId('baseline')));
    this.#baselineAsked = true;
    return true;
  }

  /** Once per model call, so that a kill loses at most one call's tokens. */
  #askUsage(): void {
    const { last_message_id, turn_end, seq, unanswered } = this.#progress;
    if (last_message_id === this.#usageAskedFor || turn_end !== undefined) return;
    this.#usageAskedFor = last_message_id;
    // The gate has asked already.
    if (this.#talk.isMetered() && Object.keys(unanswered).length > 0) return;
    this.#talk.link.send(getUsage(requestId(`usage-${seq}`)));
  }

  #endWhenDone(): void {
    const { turn_end, background, end_session, outbox, closing } = this.#progress;
    if (turn_end === undefined || background.length > 0) return;
    // What a predecessor only journaled was perhaps never said.
    if (this.#endSent || end_session.acknowledged) return;
    if (!end_session.sent) {
      if (closing === undefined ? outbox.length > 0 : this.#closing.needsWords) return;
    }
    this.#endSent = true;
    const id = requestId('end');
    this.#talk.journal.record('cc.control.sent', { request_id: id, kind: 'end_session' });
    this.#talk.link.send(endSession(id));
  }
}
