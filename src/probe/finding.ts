import type { ProbeVerdict } from '../routing/capabilities.ts';
import type { Conversation } from './conversation.ts';

/** What a probe has found, before it is dated and stored. */
export type Finding = Pick<ProbeVerdict, 'verdict' | 'evidence' | 'fix' | 'value'>;

export function pass(evidence: string, value?: number): Finding {
  return { verdict: 'pass', evidence, ...(value === undefined ? {} : { value }) };
}

export function fail(evidence: string, fix: string): Finding {
  return { verdict: 'fail', evidence, fix };
}

export function unknown(evidence: string, fix: string): Finding {
  return { verdict: 'unknown', evidence, fix };
}

/** Nothing came that could be judged; it says why the conversation ended, and what to do about that. */
export function notReached(conversation: Conversation): Finding {
  return unknown(`not reached: ${whyItEnded(conversation)}`, remedyOf(conversation));
}

/** The model itself came to an end, rightly or not; neither a limit of ours nor the service ended it. */
export function isOver({ ended, failure }: Conversation): boolean {
  return (
    ended === 'itself' && ['success', 'invalid_output', 'stopped_limit'].includes(failure.class)
  );
}

/** Why there is no more to judge than there is. */
export function whyItEnded({ ended, failure, progress, task, seconds }: Conversation): string {
  switch (ended) {
    case 'time':
      return `the time was up after ${seconds} s`;
    case 'cap':
      return 'the cap on tokens or USD was reached';
    case 'output':
      return 'the answer was endless';
    case 'itself': {
      if (failure.class === 'success') return 'the model ended its turn before it came to that';
      if (failure.class === 'stopped_limit')
        return `it was not done after ${task.maxTurns} answers`;
      const status = progress.turn_end?.status ?? progress.api_error?.status;
      return status === undefined ? failure.class : `${failure.class} (HTTP ${status})`;
    }
  }
}

function remedyOf({ ended, failure }: Conversation): string {
  switch (ended) {
    case 'time':
      return 'Test again with a larger budget.wall_seconds.';
    case 'cap':
      return 'Test again with a higher budget.max_tokens or max_usd.';
    case 'output':
      return 'Test again; if it repeats, use another model.';
    case 'itself':
      return failure.hint ?? 'Test again; if it repeats, use another model.';
  }
}
