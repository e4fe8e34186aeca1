import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCi } from '../../src/judgement/gate/ci.ts';
import {
  CHECKS,
  type CheckName,
  type CheckStatus,
  type GateInputs,
  judgeGate,
  LIMITS,
} from '../../src/judgement/gate/gate.ts';
import { isIndependent, mainModel, type Reviewer } from '../../src/judgement/gate/reviewers.ts';
import type { RunRecord } from '../../src/runs/record.ts';
import { scratch } from '../support/scratch.ts';

const COMMIT = 'c'.repeat(40);

const REVIEWER: Reviewer = {
  runId: 'run_review',
  state: 'succeeded',
  readOnly: true,
  model: 'model-b',
  after: true,
  verdict: 'pass',
  blocking: [],
};

const GOOD: GateInputs = {
  facts: {
    state: 'succeeded',
    over: true,
    endOnRecord: true,
    verdict: {
      verification_id: 'verify_1',
      run_id: 'run_1',
      time: '2026-11-21T11:00:00.000Z',
      verdict: 'accept',
      risk: 0,
      reasons: [],
      tests: [],
      claims: [],
      coverage: { wanted: 80, percent: 91 },
    },
    verdictOnRecord: true,
    blockers: [],
    writes: true,
    changes: { paths: ['src/a.ts'], deletedFiles: 0, added: 10, deleted: 2 },
  },
  tampering: [],
  conflicts: [],
  limits: LIMITS,
  minCoverage: undefined,
  author: 'model-a',
  reviewers: [REVIEWER],
  minReviews: 1,
  commit: COMMIT,
  dirty: false,
  ci: [{ commit: COMMIT, status: 'success', name: 'build' }],
  waived: new Set(),
};

const facts = (change: Partial<GateInputs['facts']>): Partial<GateInputs> => ({
  facts: { ...GOOD.facts, ...change },
});
const verdict = (change: Partial<NonNullable<GateInputs['facts']['verdict']>>) => {
  if (GOOD.facts.verdict === undefined) throw new Error('no verdict');
  return facts({ verdict: { ...GOOD.facts.verdict, ...change } });
};
const changes = (change: Partial<NonNullable<GateInputs['facts']['changes']>>) => {
  if (GOOD.facts.changes === undefined) throw new Error('no changes');
  return facts({ changes: { ...GOOD.facts.changes, ...change } });
};
const reviewer = (change: Partial<Reviewer>) => ({ reviewers: [{ ...REVIEWER, ...change }] });
const ci = (status: string, commit = COMMIT) => ({ commit, status, name: undefined });

it('lets through what is good in every respect', () => {
  const { decision, checks } = judgeGate(GOOD);
  expect(decision).toBe('GO');
  expect(checks.map(({ check }) => check)).toEqual(CHECKS);
  expect(new Set(checks.map(({ status }) => status))).toEqual(new Set(['GO']));
});

const CASES: [string, Partial<GateInputs>, CheckName, CheckStatus][] = [
  ['the run goes on', facts({ over: false, state: 'running' }), 'ended', 'HOLD'],
  ['the run failed', facts({ state: 'failed' }), 'ended', 'HOLD'],
  ['its end is not on record', facts({ endOnRecord: false }), 'ended', 'HOLD'],
  ['somebody edited the ledger', { tampering: ['line 4: edit'] }, 'ledger', 'ESCALATE'],
  ['it was not verified', facts({ verdict: undefined, verdictOnRecord: false }), 'verdict', 'HOLD'],
  ['the verdict is not on record', facts({ verdictOnRecord: false }), 'verdict', 'HOLD'],
  ['the verdict has doubts', verdict({ verdict: 'investigate' }), 'verdict', 'HOLD'],
  ['the verdict rejects', verdict({ verdict: 'reject' }), 'verdict', 'HOLD'],
  [
    'a blocker is open',
    facts({ blockers: [{ item: 'item_1', title: 'x' } as never] }),
    'blockers',
    'HOLD',
  ],
  ['too many lines', changes({ added: 600 }), 'size', 'HOLD'],
  [
    'too many files',
    changes({ paths: Array.from({ length: 51 }, (_, n) => `${n}.ts`) }),
    'size',
    'HOLD',
  ],
  [
    'the size is not known',
    { ...facts({ changes: undefined }), waived: new Set(['deletions', 'sensitive']) },
    'size',
    'HOLD',
  ],
  ['many files were deleted', changes({ deletedFiles: 10 }), 'deletions', 'HOLD'],
  ['many lines were deleted', changes({ added: 0, deleted: 500 }), 'deletions', 'HOLD'],
  ['conflict markers', { conflicts: ['a.ts'] }, 'conflicts', 'HOLD'],
  ['there is no patch', { conflicts: undefined }, 'conflicts', 'HOLD'],
  ['coverage is too low', { minCoverage: 95 }, 'coverage', 'HOLD'],
  [
    'coverage was not measured',
    verdict({ coverage: { wanted: 80, percent: null } }),
    'coverage',
    'HOLD',
  ],
  [
    'coverage is wanted and nobody measured',
    { ...verdict({ coverage: undefined }), minCoverage: 50 },
    'coverage',
    'HOLD',
  ],
  ['there is no review', { reviewers: [] }, 'reviews', 'HOLD'],
  ['the review goes on', reviewer({ state: 'running' }), 'reviews', 'HOLD'],
  ['the reviewer could write', reviewer({ readOnly: false }), 'reviews', 'HOLD'],
  ['the review is older', reviewer({ after: false }), 'reviews', 'HOLD'],
  ['the author reviewed', reviewer({ model: 'Model-A[1m]' }), 'reviews', 'HOLD'],
  ['nobody knows who reviewed', reviewer({ model: undefined }), 'reviews', 'HOLD'],
  ['nobody knows the author', { author: undefined }, 'reviews', 'HOLD'],
  ['the review has no verdict', reviewer({ verdict: undefined }), 'reviews', 'HOLD'],
  ['the review failed it', reviewer({ verdict: 'fail' }), 'reviews', 'HOLD'],
  [
    'the review passed it with a blocking finding',
    reviewer({ blocking: ['loses data'] }),
    'reviews',
    'HOLD',
  ],
  [
    'one good review, one that is none',
    { reviewers: [REVIEWER, { ...REVIEWER, after: false }] },
    'reviews',
    'HOLD',
  ],
  [
    'reviewers disagree',
    { reviewers: [REVIEWER, { ...REVIEWER, verdict: 'fail' }] },
    'reviews',
    'ESCALATE',
  ],
  ['no CI', { ci: undefined }, 'ci', 'HOLD'],
  ['no commit', { commit: null }, 'ci', 'HOLD'],
  ['uncommitted changes', { dirty: true }, 'ci', 'HOLD'],
  ['CI of another commit', { ci: [ci('success', 'd'.repeat(40))] }, 'ci', 'HOLD'],
  ['CI failed', { ci: [ci('failure')] }, 'ci', 'HOLD'],
  ['CI goes on', { ci: [ci('success'), ci('in_progress')] }, 'ci', 'HOLD'],
  ['CI skipped everything', { ci: [ci('skipped')] }, 'ci', 'HOLD'],
  ['a new dependency', changes({ paths: ['web/package.json'] }), 'sensitive', 'ESCALATE'],
  [
    'CI itself was changed',
    changes({ paths: ['.github/workflows/ci.yml'] }),
    'sensitive',
    'ESCALATE',
  ],
];

it.each(CASES)('%s', (_, change, check, status) => {
  const { decision, checks } = judgeGate({ ...GOOD, ...change });
  const bad = checks.filter((one) => one.status === 'HOLD' || one.status === 'ESCALATE');
  expect(bad.map((one) => [one.check, one.status])).toEqual([[check, status]]);
  expect(decision).toBe(status);
});

it('holds as long as anything holds, then escalates', () => {
  const both = { ...GOOD, ...changes({ paths: ['go.mod'] }), ci: undefined };
  expect(judgeGate(both).decision).toBe('HOLD');
  expect(judgeGate({ ...both, ci: GOOD.ci }).decision).toBe('ESCALATE');
});

it('what somebody answers for is told as that, facts about the run are not for sale', () => {
  const bad = { ...GOOD, ...verdict({ verdict: 'reject' }), ci: undefined, reviewers: [] };
  const { checks, decision } = judgeGate({ ...bad, waived: new Set(CHECKS) });
  const of = (name: string) => checks.find(({ check }) => check === name)?.status;
  expect([of('ci'), of('reviews'), of('verdict')]).toEqual(['WAIVED', 'WAIVED', 'HOLD']);
  expect(decision).toBe('HOLD');
});

it('a run that changed nothing needs no review, patch or CI', () => {
  const nothing = changes({ paths: [], added: 0, deleted: 0 });
  const inputs = { ...GOOD, ...nothing, ci: undefined, conflicts: undefined, reviewers: [] };
  expect(judgeGate(inputs).decision).toBe('GO');
});

describe('the status of CI', () => {
  it.each<[string, unknown, object[]]>([
    ['one object', { commit: COMMIT, status: 'success' }, [{ commit: COMMIT, status: 'success' }]],
    [
      'gh run list',
      [
        {
          headSha: COMMIT.toUpperCase(),
          status: 'completed',
          conclusion: 'SUCCESS',
          workflowName: 'b',
        },
        { headSha: COMMIT, status: 'in_progress', conclusion: '', workflowName: 'c' },
      ],
      [
        { commit: COMMIT, status: 'success', name: 'b' },
        { commit: COMMIT, status: 'in_progress', name: 'c' },
      ],
    ],
    [
      'check runs',
      { check_runs: [{ head_sha: COMMIT, conclusion: 'failure', name: 'x' }] },
      [{ status: 'failure', name: 'x' }],
    ],
  ])('%s', async (_, value, found) => {
    const dir = scratch();
    writeFileSync(join(dir, 'ci.json'), JSON.stringify(value));
    expect(await readCi('ci.json', dir)).toMatchObject(found);
  });

  it('in one word', async () => {
    expect(await readCi(`${COMMIT}:success`, '/')).toEqual([ci('success')]);
  });

  it.each(['missing.json', 'abc123:success', '.', 'empty.json'])(
    '%s says nothing',
    async (source) => {
      const dir = scratch();
      writeFileSync(join(dir, 'empty.json'), '{"ok":true}');
      await expect(readCi(source, dir)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    },
  );
});

it('the main model is the one that did most, not the one that was asked for titles', () => {
  const by_model = {
    small: { input: 10, output: 900 },
    large: { input: 5000, output: 100, cache_read: 9000 },
  };
  const record = { outcome: { usage: { by_model } } } as unknown as RunRecord;
  expect(mainModel(record)).toBe('large');
  expect(mainModel({ outcome: undefined })).toBeUndefined();
  expect(isIndependent('large', 'LARGE[1m]')).toBe(false);
  expect(isIndependent('large', 'small')).toBe(true);
});
