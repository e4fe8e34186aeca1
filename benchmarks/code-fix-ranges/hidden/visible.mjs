import assert from 'node:assert/strict';
import { mergeRanges } from '../src/ranges.mjs';
import { cases } from './cases.mjs';

await cases({
  'overlapping ranges': () => assert.deepEqual(mergeRanges([[1, 5], [3, 9]]), [[1, 9]]),
  'touching ranges': () => assert.deepEqual(mergeRanges([[1, 2], [3, 4]]), [[1, 4]]),
  'a range inside': () => assert.deepEqual(mergeRanges([[1, 10], [2, 3]]), [[1, 10]]),
});
