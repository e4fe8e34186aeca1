import { expect, test } from 'vitest';
import { casesOf, expectVerdict } from './cases.ts';

const HONEST = casesOf(true);

test.each(HONEST)('%s', (_, worker) => expectVerdict(worker));

test('there are enough of them, and most are simply accepted', () => {
  expect(HONEST.length).toBeGreaterThanOrEqual(30);
  const accepted = HONEST.filter(([, { expect: wanted }]) => wanted.verdict.join() === 'accept');
  expect(accepted.length).toBeGreaterThan(HONEST.length / 2);
});
