import { expect, it } from 'vitest';
import { noEvidence } from '../../src/routing/evidence.ts';
import { pickProfile } from '../../src/routing/pick.ts';
import { benchmarkEvidence, capabilityEvidence } from '../../src/routing/tested.ts';
import { NOW, profile } from './support.ts';

it('stored verdicts and scores reach the choice; old verdicts are no longer known', async () => {
  const two = [profile('a', { current: true }), profile('b')];
  const verdicts = (stale: boolean) =>
    capabilityEvidence(
      async ({ id }) =>
        id === 'a'
          ? { probes: { tool_use: { verdict: 'fail', stale }, thinking: undefined } }
          : undefined,
      two,
    );
  const first = (more: object) => pickProfile({}, two, { ...noEvidence(NOW), ...more }).profile.id;
  expect(first({})).toBe('a');
  expect(first({ capabilities: await verdicts(false) })).toBe('b');
  expect(first({ capabilities: await verdicts(true) })).toBe('a');

  const score = (of: string, value: number) => ({
    profile: of,
    model: `${of}-model`,
    suite: 'review',
    score: value,
    n: 5,
    latest: '2026-11-20',
  });
  const benchmarks = benchmarkEvidence([score('a', 0.1), score('b', 0.9)]);
  expect(benchmarks.get('b\nb-model')).toEqual([
    { suite: 'review', score: 0.9, n: 5, date: '2026-11-20' },
  ]);
  expect(first({ benchmarks })).toBe('b');
});
