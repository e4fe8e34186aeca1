import assert from 'node:assert/strict';
import test from 'node:test';
import { mergeRanges } from '../src/ranges.mjs';

test('overlapping ranges become one', () => {
  assert.deepEqual(mergeRanges([[1, 5], [3, 9]]), [[1, 9]]);
});

test('touching ranges become one', () => {
  assert.deepEqual(mergeRanges([[1, 2], [3, 4]]), [[1, 4]]);
});

test('a range inside another one changes nothing', () => {
  assert.deepEqual(mergeRanges([[1, 10], [2, 3]]), [[1, 10]]);
});
