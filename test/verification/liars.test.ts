import { expect, test } from 'vitest';
import { casesOf, expectVerdict } from './cases.ts';

const LIARS = casesOf(false);

test.each(LIARS)('%s', (_, worker) => expectVerdict(worker));

test('there are enough of them', () => {
  expect(LIARS.length).toBeGreaterThanOrEqual(30);
});
