import { randomUUID } from 'node:crypto';
import { handoverPrompt, wrapUpPrompt } from '../../prompts/closing.ts';
import { interrupt, userMessage } from '../../workers/claude/control.ts';
import { contextShare } from '../context.ts';
import { limitText as guardText } from '../cost-guard/limits.ts';
import { type CallCost, callCost, limitText, type Reached, reachedLimit } from '../limits.ts';
import type { Closing as ClosingState } from '../progress.ts';
import { requestId } from './ids.ts';
import { isTurnRunning, limitsNow, type Talk } from './talk.ts';

/** How long an interrupted turn may take to end, and a closing turn to be written. */
const INTERRUPT_MS = 5000;
const WORDS_MS = 60_000;
/** A session that is full after so few calls would be full again: its task is too large for the model. */
const LEAST_CALLS = 3;
const MAX_ROTATIONS = 20;

/**
 * Brings the work of a session to an end in order: break off the turn, ask for closing words without
 * tools, and let the session end. For a budget that is used up the run is over then; for a context that
 * is full a fresh session goes on with the words.
 */
export class Closing {
  readonly #talk: Talk;
  #interrupted = false;
  #asked = false;
  #deadline: number | undefined;

  constructor(talk: Talk) {
    this.#talk = talk;
  }

  /** Begins to end the run when its next model call would not fit. Tells whether it did. */
  beginBefore(call: CallCost): boolean {
    const guard = this.#talk.guardLimit();
    if (guard !== undefined) {
      this.#begin({ limit: guard.limit, because: guardText(guard), words: false });
      return true;
    }
    const reached = reachedLimit(limitsNow(this.#talk), call);
    if (reached !== undefined) this.#beginFor(reached);
    return reached !== undefined;
  }

  #beginFor({ limit, affordable }: Reached): void {
    this.#begin({ limit: limit.name, because: limitText(limit), words: affordable });
  }

  #begin(why: { limit: string; because: string; words: boolean }): void {
    const { journal } = this.#talk;
    if (journal.progress.closing !== undefined || journal.progress.end_session.sent) return;
    journal.record('cc.limit.reached', why);
    this.step();
  }

  /** Begins a handover when the context is full. Tells whether one is under way. */
  beginHandover(): boolean {
    const { journal, record } = this.#talk;
    const { progress } = journal;
    const context = contextShare(progress, record.context_window);
    if (context === undefined || context.share < context.rotate) return false;
    if (progress.session_calls < LEAST_CALLS || progress.rotations >= MAX_ROTATIONS) return false;
    const percent = Math.round(context.share * 100);
    const because = `${context.used} of ${context.window} tokens, ${percent} %`;
    journal.record('cc.context.filled', { because, words: true });
    this.step();
    return true;
  }

  /** Limits that are used up whatever the worker is doing: time, bytes, and what can no longer be undone. */
  watch(): void {
    const { progress } = this.#talk.journal;
    if (progress.closing !== undefined || progress.stop !== undefined) return;
    if (!isTurnRunning(this.#talk)) return;
    // Between two calls the gate looks further ahead; a call under way is not cut for what comes next.
    const due = limitsNow(this.#talk).filter(
      ({ name, used, cap }) => !/(tokens|usd|turns)$/.test(name) || (used ?? 0) > cap,
    );
    const reached = reachedLimit(due, callCost(progress, this.#talk.record));
    if (reached !== undefined) this.#beginFor(reached);
    const guard = this.#talk.guardLimit();
    if (guard !== undefined) {
      this.#begin({ limit: guard.limit, because: guardText(guard), words: false });
    }
  }

  /** The closing turn is for words: one that goes on working would use up what is left, or more. */
  refuseTools(): void {
    this.#end('it went on working instead of writing its closing words');
  }

  /** The next thing to do for a session that has to end; judged from the run's progress alone. */
  step(): void {
    const { journal, link } = this.#talk;
    const { closing, end_session, stop } = journal.progress;
    if (closing === undefined || closing.done || end_session.sent || stop !== undefined) return;
    if (isTurnRunning(this.#talk)) {
      if (closing.message === undefined && !this.#interrupted) {
        this.#interrupted = true;
        const id = requestId('interrupt');
        journal.record('cc.control.sent', { request_id: id, kind: 'interrupt' });
        link.send(interrupt(id));
        this.#within(INTERRUPT_MS);
      }
      this.#giveUpWhenLate();
      return;
    }
    if (!this.needsWords) return;
    if (!this.#asked && this.#isUnheard(closing)) this.#askForWords(closing);
    this.#giveUpWhenLate();
  }

  #isUnheard({ message }: ClosingState): boolean {
    const { outbox } = this.#talk.journal.progress;
    return (
      message === undefined ||
      outbox.some((item) => item.message === message && item.state === 'sent')
    );
  }

  /** Again after a take-over: what a predecessor journaled was perhaps never said; twice is once. */
  #askForWords({ kind, because, message = randomUUID() }: ClosingState): void {
    const { journal, link } = this.#talk;
    const prompt = kind === 'handover' ? handoverPrompt : wrapUpPrompt;
    this.#asked = true;
    journal.record('cc.message.sent', { message, kind });
    link.send(userMessage(message, [prompt(because)]));
    this.#within(WORDS_MS);
  }

  /** Closing words are still to come. A run that finished by itself needs none. */
  get needsWords(): boolean {
    const { closing, turn_end } = this.#talk.journal.progress;
    if (closing === undefined || closing.done || !closing.words) return false;
    if (closing.message !== undefined) return true;
    return turn_end === undefined || turn_end.is_error || turn_end.reason !== 'completed';
  }

  #within(ms: number): void {
    this.#deadline = this.#talk.stopwatch.elapsedMs() + ms;
  }

  #giveUpWhenLate(): void {
    // A successor does not know since when; it gives the whole time again.
    if (this.#deadline === undefined) this.#within(WORDS_MS);
    if (this.#talk.stopwatch.elapsedMs() < (this.#deadline ?? Infinity)) return;
    this.#end('it did not end in time after its budget was used up');
  }

  #end(why: string): void {
    if (this.#talk.journal.progress.closing?.kind === 'handover') this.#talk.dismiss();
    else this.#talk.stop('limit', why);
  }
}
