import { randomUUID } from 'node:crypto';
import { objectAt, parseJson, stringAt } from '../../core/json.ts';
import {
  endSession,
  getUsage,
  hookAnswer,
  initialize,
  interrupt,
  permissionDenied,
  userMessage,
} from '../../workers/claude/control.ts';
import { decideToolCall, type GuardContext } from '../../workers/claude/guard.ts';
import { describeToolUse } from '../../workers/claude/tool-text.ts';
import type { StopReason } from '../events.ts';
import type { Journal } from './journal.ts';
import type { WorkerLink } from './worker-link.ts';

/** Added to the hook timeout, so that an unsupervised worker is frozen longer than its budget lasts. */
const HOOK_MARGIN_SECONDS = 3600;

export type ConversationOptions = {
  journal: Journal;
  guard: GuardContext;
  /** The texts of the first message: the task, word for word, and the controller's context. */
  texts: readonly string[];
  wallSeconds: number;
  /** The run has to end now, and why. */
  stop: (reason: StopReason, detail: string) => void;
};

/**
 * What the supervisor says to the worker and why: initialise, hand over the task, answer its
 * questions, ask what it has used, end the session. Every message is journaled before it is sent.
 */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #link: WorkerLink;
  #usageAskedFor: string | undefined;

  constructor(link: WorkerLink, options: ConversationOptions) {
    this.#link = link;
    this.#options = options;
  }

  open(): void {
    const id = requestId('init');
    this.#journal.record('cc.control.sent', { request_id: id, kind: 'initialize' });
    this.#link.send(initialize(id, this.#options.wallSeconds + HOOK_MARGIN_SECONDS));
  }

  /**
   * Does whatever is due now, judged from the run's progress alone. So it is the same after every
   * batch of lines, after a take-over, and after a moment in which nothing could be recorded.
   */
  catchUp(): void {
    this.#handOver();
    if (this.#journal.progress.task?.rejected) {
      this.#options.stop('internal', 'the worker did not take up the task message');
    }
    for (const [id, question] of Object.entries(this.#journal.progress.unanswered)) {
      const raw = parseJson(this.#link.readLineAt(question.raw).toString('utf8'));
      this.#answer(question.kind, id, raw);
    }
    this.#askUsage();
    this.#endWhenDone();
  }

  /** Breaks off the running turn; the worker ends it and stays ready. */
  interrupt(): void {
    const id = requestId('interrupt');
    this.#journal.record('cc.control.sent', { request_id: id, kind: 'interrupt' });
    this.#link.send(interrupt(id));
  }

  get #journal(): Journal {
    return this.#options.journal;
  }

  #handOver(): void {
    const { initialized, task, stop } = this.#journal.progress;
    if (initialized === undefined || task !== undefined || stop !== undefined) return;
    // Without a hook that blocks, a failing callback would let a call through (§5, fail-open traps).
    if (!initialized.blocking_hook) {
      this.#options.stop('worker_unsupported', initialized.error ?? 'it applied no blocking hook');
      return;
    }
    const uuid = randomUUID();
    this.#journal.record('cc.message.sent', { message: uuid, kind: 'task' });
    this.#link.send(userMessage(uuid, this.#options.texts));
  }

  #answer(kind: 'hook' | 'permission', id: string, raw: unknown): void {
    const request = objectAt(raw, 'request');
    const source = kind === 'hook' ? objectAt(request, 'input') : request;
    const tool = stringAt(source, 'tool_name') ?? 'unknown';
    const input = objectAt(source, kind === 'hook' ? 'tool_input' : 'input') ?? {};
    const about = { request_id: id, tool, target: describeToolUse(input).target };
    if (kind === 'permission') {
      const reason = 'Nobody is there to ask; this call is not allowed.';
      this.#link.send(permissionDenied(id, reason));
      this.#journal.record('cc.permission.answered', { ...about, allow: false, reason });
      return;
    }
    const decision = decideToolCall(tool, input, this.#options.guard);
    this.#link.send(hookAnswer(id, decision));
    this.#journal.record('cc.hook.answered', { ...about, ...decision });
  }

  /** Once per model call, so that a kill loses at most one call's tokens. */
  #askUsage(): void {
    const { last_message_id, turn_end } = this.#journal.progress;
    if (last_message_id === this.#usageAskedFor || turn_end !== undefined) return;
    this.#usageAskedFor = last_message_id;
    this.#link.send(getUsage(requestId('usage')));
  }

  #endWhenDone(): void {
    const { progress } = this.#journal;
    if (progress.turn_end === undefined || progress.background.length > 0) return;
    if (progress.end_session.sent) return;
    const id = requestId('end');
    this.#journal.record('cc.control.sent', { request_id: id, kind: 'end_session' });
    this.#link.send(endSession(id));
  }
}

function requestId(kind: string): string {
  return `${kind}-${randomUUID()}`;
}
