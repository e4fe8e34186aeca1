import { expect, it } from 'vitest';
import { type ScoreInputs, scoreOf } from '../../src/judgement/score.ts';

const GOOD: ScoreInputs = {
  verdict: 'accept',
  ended: 'well',
  claims: { total: 3, contradicted: 0 },
  outside: 0,
  rework: 0,
  items: { blockers: 0, others: 0 },
  rating: null,
};

it.each<[string, Partial<ScoreInputs>, number | null]>([
  ['everything is well', {}, 100],
  ['doubts', { verdict: 'investigate' }, 80],
  ['rejected, whatever else went well', { verdict: 'reject' }, 40],
  [
    'rejected, and nothing went well',
    {
      verdict: 'reject',
      ended: 'by_the_model',
      claims: { total: 1, contradicted: 1 },
      outside: 2,
      rework: 2,
      items: { blockers: 2, others: 0 },
    },
    0,
  ],
  ['a contradicted claim', { claims: { total: 9, contradicted: 1 } }, 85],
  ['outside its scope', { outside: 1 }, 90],
  ['it had to be done again', { rework: 1 }, 95],
  ['and again', { rework: 5 }, 90],
  ['a blocker is open', { items: { blockers: 1, others: 0 } }, 95],
  [
    'what is not known counts for nothing',
    {
      claims: { total: 0, contradicted: 0 },
      outside: undefined,
      items: undefined,
      ended: undefined,
    },
    100,
  ],
  ['rated', { rating: 50 }, 85],
  ['rejected and praised', { verdict: 'reject', rating: 100 }, 58],
  ['never verified', { verdict: null }, null],
  ['never verified, but rated', { verdict: null, rating: 70 }, 70],
])('%s', (_, change, score) => {
  expect(scoreOf({ ...GOOD, ...change }).score).toBe(score);
});

it('says what it rests on', () => {
  const { parts, unknown } = scoreOf({
    ...GOOD,
    claims: { total: 0, contradicted: 0 },
    outside: undefined,
  });
  expect(unknown).toEqual(['claims', 'scope', 'rating']);
  expect(parts.map(({ name, weight }) => `${name} ${weight}`)).toEqual([
    'verdict 40',
    'ended 15',
    'rework 10',
    'items 10',
  ]);
});
