import { describe, expect, it } from 'vitest';
import type { LedgerEntry } from '../../src/ledger/entry.ts';
import { nextAfterEnd } from '../../src/runs/next-after-end.ts';

type Done = Pick<LedgerEntry, 'kind'> & Partial<LedgerEntry>;

/** What was done, oldest first. */
const next = (...done: Done[]) =>
  nextAfterEnd(
    done
      .map((entry, index) => ({
        seq: index + 1,
        time: '2026-01-01T00:00:00.000Z',
        actor: { by: 'cli' as const },
        subject: 'run_1',
        facts: {},
        epoch: 1,
        prev: '',
        hash: '',
        ...entry,
      }))
      .reverse(),
  )?.action;

const end = { kind: 'end' };
const accept = { kind: 'verify', facts: { verdict: 'accept' } };
const reject = { kind: 'verify', facts: { verdict: 'reject' } };
const rollback = { kind: 'rollback', key: 'op_1' };
const undo = { kind: 'undo', key: 'op_2', facts: { of: 'op_1' } };
const redo = { kind: 'redo', key: 'op_3', facts: { of: 'op_1' } };

describe('what comes next with a run that is over', () => {
  it.each<[string, Done[], string | undefined]>([
    ['nothing was done', [end], undefined],
    ['it was verified', [end, accept], 'decide'],
    ['the latest verdict counts', [end, accept, reject], 'rollback_or_rework'],
    ['it was put back', [end, reject, rollback], 'rework'],
    ['that was undone', [end, reject, rollback, undo], 'rollback_or_rework'],
    ['and done again', [end, reject, rollback, undo, redo], 'rework'],
    ['it was applied', [end, accept, { kind: 'apply', key: 'op_1' }], 'report'],
    [
      'an opinion changes nothing',
      [end, accept, { kind: 'decision', facts: { verdict: 'caution' } }],
      'decide',
    ],
    [
      'what does not decide is skipped',
      [end, accept, { kind: 'score' }, { kind: 'later' }],
      'decide',
    ],
    ['it worked again since', [end, accept, end], undefined],
  ])('%s', (_, done, action) => {
    expect(next(...done)).toBe(action);
  });
});
