import { edits, handOver, type Persona, read, runs, writes } from './actor.ts';

export const BUG = 'An order of exactly 100 EUR gets no discount.';

const BOUNDARY = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { total } from '../src/order.mjs';

test('100 EUR', () => assert.equal(total([{ cents: 10000, count: 1 }]), 9000));
`;

/** bug-fix in the shop: the first test does not fail, so the reproduction is asked for again. */
export const FIX: Readonly<Record<string, Persona>> = {
  reproduce: ({ path, isAgain }) => [
    writes(
      path(isAgain ? 'test/limit.test.mjs' : 'test/first.test.mjs'),
      isAgain ? BOUNDARY : BOUNDARY.replace('cents: 10000', 'cents: 11000').replace('9000', '9900'),
    ),
    runs('npm test'),
    handOver('testing', {
      summary: 'One test shows it.',
      test_file: isAgain ? 'test/limit.test.mjs' : 'test/first.test.mjs',
      reproduced: true,
    }),
  ],
  fix: ({ path }) => [
    ...edits(path('src/order.mjs'), 'sum > 10000', 'sum >= 10000'),
    runs('npm test'),
    handOver('implementation', {
      summary: 'The limit belongs to the discount.',
      changed_files: ['src/order.mjs'],
      commands_run: ['npm test: exit 0'],
    }),
  ],
  review: ({ path }) => [
    { tools: [read(path('src/order.mjs'))] },
    runs('git diff'),
    handOver('review', { summary: 'The cause is fixed.', findings: [], blocking_issues: [] }),
  ],
};
