import { expect, it } from 'vitest';
import { tellsOfSuccess } from '../../src/judgement/open-items/titles.ts';

it.each([
  'All tests pass',
  '42 tests passed',
  'Build succeeded',
  'CI is green',
  'lint clean',
  'No issues found.',
  'no errors',
  'Successfully implemented the parser',
  'Fixed the login',
  'Verified that it works',
  'Works as expected',
  'LGTM',
  'passing test suite',
])('%s is nothing to keep open', (title) => {
  expect(tellsOfSuccess(title)).toBe(true);
});

it.each([
  'tests_failed: `npm test` failed',
  'Tests do not pass on Windows',
  'The build fails without network',
  'Tests pass only with a warm cache',
  'Flaky test in checkout passes every other time',
  'Check that no tests are skipped',
  'Add a test for empty input',
  'Fix the race in the pass manager',
  'out_of_scope: changed outside its scope: a.txt',
  'Test coverage of the parser is missing',
])('%s is', (title) => {
  expect(tellsOfSuccess(title)).toBe(false);
});
