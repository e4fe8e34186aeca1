import { expect, test } from 'vitest';
import { CASE_TIMEOUT_MS, casesOf, expectVerdict } from './cases.ts';

const LIARS = casesOf(false);

test.each(LIARS)('%s', (_, worker) => expectVerdict(worker), CASE_TIMEOUT_MS);

test('there are enough of them', () => {
  expect(LIARS.length).toBeGreaterThanOrEqual(30);
});
