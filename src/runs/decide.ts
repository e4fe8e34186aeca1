import { isFinal, type RunState } from '../core/vocabulary.ts';
import type { Flag } from './insight/flags.ts';

export type Decision = {
  action: 'continue' | 'answer_question' | 'stop_or_review' | 'inspect' | 'verify';
  why: string;
};

export type DecisionFacts = {
  state: RunState;
  /** The worker waits for the controller's answer. */
  isAsking: boolean;
  flags: readonly Pick<Flag, 'code' | 'severity' | 'blocking'>[];
  /** How it ended, where it did not end well. */
  failure?: { class: string; hint?: string | undefined } | undefined;
};

/**
 * What a controller should do next with a run, and why: a pure function, so that the file, the tools
 * and a test say the same. Nothing a worker says has a part in it.
 */
export function decide({ state, isAsking, flags, failure }: DecisionFacts): Decision {
  const blocking = flags.filter((flag) => flag.blocking).map(({ code }) => code);
  const silent = flags.filter(({ code }) => code === 'stalled' || code === 'no_output');
  if (isFinal(state)) {
    if (failure !== undefined && failure.class !== 'success') {
      return { action: 'inspect', why: `${failure.class}. ${failure.hint ?? ''}`.trim() };
    }
    if (blocking.length > 0) {
      return { action: 'inspect', why: `it ended well, but: ${blocking.join(', ')}` };
    }
    return {
      action: 'verify',
      why: 'it ended well; whether its work is right, cc_verify_run finds out',
    };
  }
  if (isAsking || state === 'waiting_answer') {
    return { action: 'answer_question', why: 'the worker waits for an answer' };
  }
  if (blocking.length > 0) return { action: 'stop_or_review', why: blocking.join(', ') };
  if (state === 'lost') return { action: 'inspect', why: 'nobody supervises it' };
  if (silent.length > 0) {
    return { action: 'inspect', why: silent.map(({ code }) => code).join(', ') };
  }
  return { action: 'continue', why: 'it is working; wait for it with cc_wait_runs' };
}
