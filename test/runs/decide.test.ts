import { describe, expect, it } from 'vitest';
import { type DecisionFacts, decide } from '../../src/runs/decide.ts';

const flag = (code: 'stalled' | 'destructive_command' | 'high_turns', blocking = false) => ({
  code,
  severity: blocking ? ('high' as const) : ('medium' as const),
  blocking,
});
const next = (facts: Partial<DecisionFacts>) =>
  decide({ state: 'running', isAsking: false, flags: [], ...facts }).action;

describe('what a controller should do next', () => {
  it.each<[string, Partial<DecisionFacts>, string]>([
    ['all is well', {}, 'continue'],
    ['only a warning', { flags: [flag('high_turns')] }, 'continue'],
    ['nothing comes', { flags: [flag('stalled')] }, 'inspect'],
    [
      'a blocking flag',
      { flags: [flag('stalled'), flag('destructive_command', true)] },
      'stop_or_review',
    ],
    ['it asks', { isAsking: true, flags: [flag('destructive_command', true)] }, 'answer_question'],
    ['it waits', { state: 'waiting_answer' }, 'answer_question'],
    ['nobody is there', { state: 'lost' }, 'inspect'],
    ['it ended well', { state: 'succeeded' }, 'verify'],
    ['well, but', { state: 'succeeded', flags: [flag('destructive_command', true)] }, 'inspect'],
    ['badly', { state: 'failed', failure: { class: 'auth_failed', hint: 'Fix it.' } }, 'inspect'],
    ['stopped', { state: 'cancelled', failure: { class: 'interrupted' } }, 'inspect'],
  ])('%s', (_, facts, action) => {
    expect(next(facts)).toBe(action);
  });

  it('says why, with the hint of a failure', () => {
    const failure = { class: 'auth_failed', hint: 'Fix the key.' };
    expect(decide({ state: 'failed', isAsking: false, flags: [], failure }).why).toBe(
      'auth_failed. Fix the key.',
    );
  });
});
