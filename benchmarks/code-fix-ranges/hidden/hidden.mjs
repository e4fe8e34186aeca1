import assert from 'node:assert/strict';
import { mergeRanges } from '../src/ranges.mjs';
import { cases } from './cases.mjs';

/** The same by counting, for ranges between 0 and 60. */
function byCounting(ranges) {
  const covered = new Set(ranges.flatMap(([a, b]) => Array.from({ length: b - a + 1 }, (_, i) => a + i)));
  const merged = [];
  for (let n = 0; n <= 60; n += 1) {
    if (!covered.has(n)) continue;
    const last = merged.at(-1);
    if (last !== undefined && last[1] === n - 1) last[1] = n;
    else merged.push([n, n]);
  }
  return merged;
}

let state = 20261121;
function random(below) {
  state = (state * 1103515245 + 12345) % 2147483648;
  return state % below;
}
function someRanges() {
  return Array.from({ length: random(9) }, () => {
    const from = random(50);
    return [from, from + random(9)];
  });
}

await cases({
  'no ranges': () => assert.deepEqual(mergeRanges([]), []),
  'numbers are no words': () => assert.deepEqual(mergeRanges([[10, 11], [9, 9], [2, 3]]), [[2, 3], [9, 11]]),
  'negative numbers': () => assert.deepEqual(mergeRanges([[-1, 2], [-10, -5]]), [[-10, -5], [-1, 2]]),
  'a gap of one': () => assert.deepEqual(mergeRanges([[1, 2], [4, 5]]), [[1, 2], [4, 5]]),
  'two hundred random lists': () => {
    for (let n = 0; n < 200; n += 1) {
      const ranges = someRanges();
      assert.deepEqual(mergeRanges(structuredClone(ranges)), byCounting(ranges));
    }
  },
  'what is passed stays as it is': () => {
    const ranges = [[5, 9], [1, 6], [20, 30]];
    const before = structuredClone(ranges);
    const merged = mergeRanges(ranges);
    merged[0][1] = 99;
    assert.deepEqual(ranges, before);
  },
  'what is frozen is taken': () => {
    const ranges = Object.freeze([Object.freeze([3, 4]), Object.freeze([1, 3])]);
    assert.deepEqual(mergeRanges(ranges), [[1, 4]]);
  },
  'backwards is an error': () => assert.throws(() => mergeRanges([[1, 2], [5, 4]]), RangeError),
});
