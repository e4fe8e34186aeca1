import { plural, truncate } from '../../core/text.ts';
import { type Progress, refusedCalls } from '../progress.ts';
import { FLAG_CODES, isAtLeast } from './flags.ts';

/**
 * One thing a controller should look at. The text may hold a count that grows; the code says what it
 * is about, and only a new code is news.
 */
export type Attention = { code: string; text: string };

const TEXT_CHARS = 120;
/** Told with its evidence; of the others a controller has been told before, or asks for a summary. */
const WITH_EVIDENCE = 1;

/** Everything worth a look now: what is going on, then the flags that are more than low, newest first. */
export function attentionOf(progress: Progress): Attention[] {
  const flags = progress.insight.flags
    .filter((flag) => isAtLeast(flag.severity, 'medium'))
    .sort((a, b) => b.first_seq - a.first_seq);
  const told = flags.slice(0, WITH_EVIDENCE);
  return [
    ...conditions(progress),
    ...told.map(({ code, evidence }) => ({
      code,
      text: truncate(`${code}: ${evidence}`, TEXT_CHARS),
    })),
    ...flags.slice(WITH_EVIDENCE).map(({ code }) => ({ code, text: code })),
  ];
}

function conditions(progress: Progress): Attention[] {
  const found: Attention[] = [];
  const refused = refusedCalls(progress);
  if (refused > 0)
    found.push({ code: 'refused_calls', text: `${plural(refused, 'tool call')} refused` });
  if (progress.retries > 0) {
    found.push({
      code: 'retries',
      text: `${plural(progress.retries, 'retry', 'retries')} of the model service`,
    });
  }
  if (progress.api_error?.error !== undefined) {
    found.push({ code: 'model_service', text: `model service: ${progress.api_error.error}` });
  }
  if (progress.attempt > 1) {
    found.push({ code: 'restarted', text: `attempt ${progress.attempt}` });
  }
  const questions = Object.keys(progress.questions).length;
  if (questions > 0) {
    found.push({
      code: 'questions',
      text: `${plural(questions, 'question waits', 'questions wait')} for an answer`,
    });
  }
  if (progress.closing?.kind === 'wrap_up') {
    found.push({ code: 'budget', text: `budget used up: ${progress.closing.because}` });
  }
  const waiting = progress.outbox.filter(
    ({ kind, state }) => kind === 'instruction' && state !== 'started',
  );
  if (waiting.length > 0) {
    found.push({
      code: 'waiting',
      text: `${plural(waiting.length, 'instruction')} not taken up yet`,
    });
  }
  if (progress.stop !== undefined) {
    found.push({ code: 'stopping', text: `stopping: ${progress.stop.reason}` });
  }
  return found;
}

/** What ends a wait when it is new. New codes go to the end: their place is part of the cursors. */
const NEWS_CODES: readonly string[] = ['refused_calls', 'restarted', ...FLAG_CODES];

/**
 * What of all this a waiter has to be told, as a number: a bit for each code. It never loses a bit,
 * and no counter moves it.
 */
export function newsMark(attention: readonly Attention[]): number {
  const codes = new Set(attention.map(({ code }) => code));
  return NEWS_CODES.reduce((mark, code, bit) => (codes.has(code) ? mark + 2 ** bit : mark), 0);
}
