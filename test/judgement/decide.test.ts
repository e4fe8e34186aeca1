import { describe, expect, it } from 'vitest';
import { isFinal, RUN_STATES } from '../../src/core/vocabulary.ts';
import {
  type Action,
  CAREFUL,
  type DecisionInputs,
  decideNext,
  REFUSED,
  type Rule,
  TTL_MINUTES,
} from '../../src/judgement/decide.ts';

/** A run whose work was accepted, gated, and leaves nothing to do. */
const DONE: DecisionInputs = {
  state: 'succeeded',
  failure: null,
  silent_minutes: 5,
  next: 'verify',
  decided: null,
  verdict: 'accept',
  on_record: true,
  risk: 0,
  contradicted_claims: 0,
  blockers: 0,
  open_items: 0,
  sensitive: [],
  writes: true,
  gate: 'GO',
  free_slots: 2,
  pending: 0,
};

const CASES: [string, Partial<DecisionInputs>, Rule, Action, string][] = [
  ['no such run', { state: undefined }, 'ghost', 'wait', 'check_run_id'],
  ['it goes on', { state: 'running', next: 'continue' }, 'ghost', 'wait', 'continue'],
  [
    'it asks',
    { state: 'waiting_answer', next: 'answer_question' },
    'ghost',
    'wait',
    'answer_question',
  ],
  ['nobody supervises it', { state: 'lost', next: 'inspect' }, 'ghost', 'wait', 'inspect'],
  ['decided before', { decided: { seq: 7, action: 'reject' } }, 'duplicate', 'wait', 'reject'],
  ['it failed', { state: 'failed', failure: 'crashed' }, 'reject', 'reject', 'rollback_or_rework'],
  ['it ran out of time', { state: 'timed_out' }, 'reject', 'reject', 'rollback_or_rework'],
  ['rejected', { verdict: 'reject', risk: 0.81 }, 'reject', 'reject', 'rollback_or_rework'],
  ['too risky', { risk: 0.9 }, 'reject', 'reject', 'rollback_or_rework'],
  ['a contradicted claim', { contradicted_claims: 1 }, 'reject', 'reject', 'rollback_or_rework'],
  ['an open blocker', { blockers: 1 }, 'reject', 'reject', 'rollback_or_rework'],
  [
    'a new dependency',
    { sensitive: ['package.json'], gate: null },
    'escalate',
    'escalate',
    'ask_user',
  ],
  ['a gate that escalates', { gate: 'ESCALATE' }, 'escalate', 'escalate', 'ask_user'],
  [
    'a dependency the gate let through',
    { sensitive: ['package.json'] },
    'complete',
    'complete',
    'report',
  ],
  ['not verified', { verdict: null, risk: null }, 'investigate', 'investigate', 'verify'],
  ['a verdict nobody recorded', { on_record: false }, 'investigate', 'investigate', 'verify'],
  ['doubts', { verdict: 'investigate', risk: 0.3 }, 'investigate', 'investigate', 'review'],
  ['accepted with a risk', { risk: 0.3 }, 'investigate', 'investigate', 'review'],
  ['a gate that holds', { gate: 'HOLD' }, 'investigate', 'investigate', 'gate_check'],
  [
    'stopped and not verified',
    { state: 'cancelled', verdict: null, risk: null },
    'investigate',
    'investigate',
    'verify',
  ],
  [
    'silent for too long',
    { state: 'running', silent_minutes: 30, next: 'inspect' },
    'investigate',
    'investigate',
    'inspect',
  ],
  [
    'lost for too long',
    { state: 'lost', silent_minutes: 99, next: 'inspect' },
    'investigate',
    'investigate',
    'inspect',
  ],
  ['no slot is free', { free_slots: 0 }, 'busy', 'wait', 'wait_for_slot'],
  ['nobody knows of slots', { free_slots: null }, 'busy', 'wait', 'wait_for_slot'],
  ['all is done', {}, 'complete', 'complete', 'report'],
  [
    'read only, so nothing to gate',
    { writes: false, gate: null },
    'complete',
    'complete',
    'report',
  ],
  ['not gated yet', { gate: null }, 'dispatch', 'dispatch', 'gate_check'],
  ['items are open', { open_items: 2 }, 'dispatch', 'dispatch', 'open_items'],
  ['tasks are pending', { pending: 3 }, 'dispatch', 'dispatch', 'next_task'],
];

it.each(CASES)('%s', (_, change, rule, action, next) => {
  expect(decideNext({ ...DONE, ...change })).toMatchObject({ rule, action, next });
});

/** The rules once more, each by itself and in other words. */
const APPLIES: [Rule, (of: DecisionInputs) => boolean][] = [
  [
    'ghost',
    (of) => of.state === undefined || (!isFinal(of.state) && of.silent_minutes < TTL_MINUTES),
  ],
  ['duplicate', (of) => of.decided !== null],
  [
    'reject',
    (of) =>
      ['failed', 'timed_out'].includes(of.state ?? '') ||
      of.verdict === 'reject' ||
      (of.risk ?? 0) > REFUSED ||
      of.contradicted_claims + of.blockers > 0,
  ],
  ['escalate', (of) => of.gate === 'ESCALATE' || (of.sensitive.length > 0 && of.gate !== 'GO')],
  [
    'investigate',
    (of) =>
      !isFinal(of.state ?? 'lost') ||
      of.verdict !== 'accept' ||
      !of.on_record ||
      (of.risk ?? 1) >= CAREFUL ||
      of.gate === 'HOLD',
  ],
  ['busy', (of) => !of.free_slots],
  ['complete', (of) => of.pending + of.open_items === 0 && (!of.writes || of.gate === 'GO')],
  ['dispatch', () => true],
];

describe('every combination', () => {
  const values: { [K in keyof DecisionInputs]: readonly DecisionInputs[K][] } = {
    state: [undefined, ...RUN_STATES],
    failure: [null],
    silent_minutes: [0, 30],
    next: ['inspect'],
    decided: [null, { seq: 1, action: 'complete' }],
    verdict: [null, 'accept', 'investigate', 'reject'],
    on_record: [true, false],
    risk: [null, 0.1, 0.5, 0.9],
    contradicted_claims: [0, 1],
    blockers: [0, 1],
    open_items: [0, 1],
    sensitive: [[], ['go.mod']],
    writes: [true, false],
    gate: [null, 'GO', 'HOLD', 'ESCALATE'],
    free_slots: [null, 0, 1],
    pending: [0, 1],
  };
  const keys = Object.keys(values) as (keyof DecisionInputs)[];

  function* all(at = 0, made: Partial<DecisionInputs> = {}): Generator<DecisionInputs> {
    const key = keys[at];
    if (key === undefined) {
      yield made as DecisionInputs;
      return;
    }
    for (const value of values[key]) yield* all(at + 1, { ...made, [key]: value });
  }

  it('gets one action, by the first rule that applies, and completes only what is known to be good', () => {
    let count = 0;
    for (const inputs of all()) {
      count += 1;
      const { rule, action } = decideNext(inputs);
      const wanted = APPLIES.find(([, applies]) => applies(inputs))?.[0];
      if (rule !== wanted) expect({ inputs, rule }).toEqual({ inputs, rule: wanted });
      if (action !== 'complete') continue;
      const isGood =
        inputs.state === 'succeeded' ||
        inputs.state === 'cancelled' ||
        inputs.state === 'stopped_limit';
      if (!isGood || inputs.verdict !== 'accept' || inputs.risk !== 0.1) {
        expect(inputs).toBe('good');
      }
    }
    expect(count).toBeGreaterThan(400_000);
  });
});
