import { describe, expect, it } from 'vitest';
import { applyEvent } from '../../src/runs/apply-event.ts';
import type { RunEvent } from '../../src/runs/events.ts';
import { emptyProgress, type Progress } from '../../src/runs/progress.ts';

/** The progress after these events, as `type field=value …` would tell them. */
type Step = [type: RunEvent['type'], fields?: Record<string, unknown>];

function folded(...events: Step[]): Progress {
  const progress = emptyProgress();
  events.forEach(([type, fields = {}], index) => {
    const time = new Date(1_700_000_000_000 + index).toISOString();
    applyEvent(progress, { seq: index + 1, epoch: 1, time, type, ...fields } as RunEvent);
  });
  return progress;
}

const accepted = (message: string, when = 'next_step') =>
  ['cc.instruction.accepted', { message, when }] as Step;
const sent = (message: string, kind = 'instruction') =>
  ['cc.message.sent', { message, kind }] as Step;
const state = (message: string, what: string) =>
  ['cc.message.state', { message, state: what }] as Step;
const turnEnd = (reason = 'completed') =>
  ['cc.turn.ended', { is_error: reason !== 'completed', reason }] as Step;

describe('a message to the worker', () => {
  it('is done with when the turn it was folded into is over', () => {
    const open = folded(accepted('m'), sent('m'), state('m', 'queued'), state('m', 'started'));
    expect(open.outbox).toMatchObject([{ message: 'm', state: 'started' }]);
    expect(folded(accepted('m'), sent('m'), state('m', 'started'), turnEnd()).outbox).toEqual([]);
  });

  it('that was only queued keeps the run from ending, and begins a turn of its own', () => {
    const queued = folded(accepted('m'), sent('m'), state('m', 'queued'), turnEnd());
    expect(queued.outbox).toHaveLength(1);
    const begun = folded(sent('m'), state('m', 'queued'), turnEnd(), state('m', 'started'));
    expect(begun.turn_end).toBeUndefined();
  });

  it('goes to the next process when the one before had not taken it up', () => {
    const events = [accepted('a'), sent('a'), state('a', 'queued'), accepted('b')] as const;
    const next = folded(...events, ['cc.worker.started', { attempt: 2 }]);
    expect(next.outbox).toMatchObject([
      { message: 'a', state: 'accepted' },
      { message: 'b', state: 'accepted' },
    ]);
    const taken = folded(accepted('a'), sent('a'), state('a', 'started'), [
      'cc.worker.started',
      { attempt: 2 },
    ]);
    expect(taken.outbox).toEqual([]);
    expect(taken.instructions).toEqual(['a']);
  });
});

describe('the end of a session', () => {
  const limit = [
    'cc.limit.reached',
    { because: '5 of 5 turns', limit: 'turns', words: true },
  ] as Step;

  it('is over with the turn of the closing words, not with the one that was broken off', () => {
    const broken = folded(limit, turnEnd('aborted_tools'));
    expect(broken.closing).toMatchObject({ kind: 'wrap_up', done: false });
    const done = folded(
      limit,
      turnEnd('aborted_tools'),
      sent('w', 'wrap_up'),
      state('w', 'started'),
      turnEnd(),
    );
    expect(done.closing).toMatchObject({ message: 'w', done: true });
  });

  it('by a full context leaves nothing behind in the next one', () => {
    const filled: Step = ['cc.context.filled', { because: 'x', words: true }];
    const next = folded(
      filled,
      ['cc.context.rotated', { index: 1 }],
      ['cc.worker.started', { attempt: 2 }],
    );
    expect(next).toMatchObject({ rotations: 1, attempt: 2, context: 0, session_calls: 0 });
    expect(next.closing).toBeUndefined();
    // A supervisor that died in between says it again.
    expect(
      folded(filled, ['cc.context.rotated', { index: 1 }], ['cc.context.rotated', { index: 1 }])
        .rotations,
    ).toBe(1);
  });
});

describe('usage', () => {
  const usage = (id: string, input: number) =>
    [
      'cc.control.answered',
      {
        request_id: id,
        ok: true,
        usage_total: { m: { input, output: 0, cache_read: 0, cache_write: 0 } },
      },
    ] as Step;

  it('of a resumed session counts on from what it had used before', () => {
    const progress = folded(
      usage('baseline-x', 900),
      ['cc.message', { message_id: '1' }],
      usage('usage-2-x', 1000),
    );
    expect(progress.baseline).toBe(true);
    expect(progress.usage_open).toMatchObject({ m: { input: 100 } });
    expect(progress).toMatchObject({ usage_asked_at: 2, call_tokens: 100 });
  });

  it('that was not settled when a process went is a lower bound from then on', () => {
    const events = [['cc.worker.started', { attempt: 1 }], usage('usage-1-x', 10)] as Step[];
    expect(folded(...events).usage_cut).toBe(false);
    expect(folded(...events, ['cc.worker.started', { attempt: 2 }]).usage_cut).toBe(true);
  });
});
