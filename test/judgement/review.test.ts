import { expect, it } from 'vitest';
import type { OpenItem } from '../../src/judgement/open-items/item.ts';
import { type ReviewInputs, reviewRun } from '../../src/judgement/review.ts';

const VERDICT: NonNullable<ReviewInputs['verdict']> = {
  verification_id: 'verify_1',
  run_id: 'run_1',
  time: '2026-11-21T11:00:00.000Z',
  verdict: 'accept',
  risk: 0,
  reasons: [],
  tests: [{ command: 'npm test', status: 'passed' }],
  claims: [{ status: 'verified' }],
};

const GOOD: ReviewInputs = {
  state: 'succeeded',
  over: true,
  failure: undefined,
  writes: true,
  changes: { paths: ['a.ts'], deletedFiles: 0, added: 3, deleted: 1 },
  verdict: VERDICT,
  verdictOnRecord: true,
  endOnRecord: true,
  blockers: [],
  otherItems: 0,
  tampering: [],
};

it('approves what nothing speaks against, with the evidence', () => {
  expect(reviewRun(GOOD)).toEqual({
    verdict: 'approve',
    evidence: [
      'the run ended well',
      'verify_1 says accept, risk 0',
      'passed: npm test',
      '1 claim verified',
      '1 file changed, +3 -1',
    ],
    objections: [],
    missing_evidence: [],
    required_changes: [],
  });
});

const reason = (level: 'reject' | 'investigate' | 'info', code: string) => ({
  code,
  level,
  text: 'x',
});
const blocker = { item: 'item_1', title: 'loses data', source: 'controller' } as OpenItem;

it.each<[string, Partial<ReviewInputs>, string]>([
  ['it goes on', { over: false, state: 'running' }, 'block'],
  ['it failed', { state: 'failed', failure: 'crashed' }, 'block'],
  [
    'rejected',
    { verdict: { ...VERDICT, verdict: 'reject', reasons: [reason('reject', 'secret')] } },
    'block',
  ],
  [
    'a contradicted claim',
    { verdict: { ...VERDICT, claims: [{ status: 'contradicted' }] } },
    'block',
  ],
  ['an open blocker', { blockers: [blocker] }, 'block'],
  ['an edited ledger', { tampering: ['line 3: edit'] }, 'block'],
  [
    'doubts',
    {
      verdict: {
        ...VERDICT,
        verdict: 'investigate',
        reasons: [reason('investigate', 'no_tests_ran')],
      },
    },
    'revise',
  ],
  ['an open item', { otherItems: 1 }, 'revise'],
  ['not verified', { verdict: undefined, verdictOnRecord: false }, 'revise'],
  ['a verdict nobody recorded', { verdictOnRecord: false }, 'revise'],
  ['an end nobody recorded', { endOnRecord: false }, 'revise'],
  ['unknown changes', { changes: undefined }, 'revise'],
  ['no tests', { verdict: { ...VERDICT, tests: [] } }, 'revise'],
])('%s', (_, change, verdict) => {
  const review = reviewRun({ ...GOOD, ...change });
  expect(review.verdict).toBe(verdict);
  expect([...review.objections, ...review.missing_evidence]).not.toEqual([]);
});

it('says what has to change, and each thing once', () => {
  const reasons = [reason('reject', 'tests_failed'), reason('info', 'denials')];
  const found: OpenItem = { ...blocker, source: 'verification' };
  const review = reviewRun({
    ...GOOD,
    verdict: { ...VERDICT, verdict: 'reject', reasons },
    blockers: [found, blocker],
  });
  expect(review.required_changes).toEqual(['resolve tests_failed: x', 'close item_1: loses data']);
});
