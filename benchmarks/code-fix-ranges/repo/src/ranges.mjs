/**
 * The fewest ranges that cover the same whole numbers, in ascending order. Ranges are `[from, to]`,
 * both ends included, in any order; some may overlap, touch (`[1, 2]` and `[3, 4]` cover 1 to 4) or lie
 * inside others. The list that is passed and the ranges in it are left as they are. A range that ends
 * before it begins is a RangeError.
 */
export function mergeRanges(ranges) {
  const sorted = ranges.sort();
  const merged = [];
  for (const range of sorted) {
    const last = merged[merged.length - 1];
    if (last !== undefined && range[0] < last[1]) {
      last[1] = range[1];
    } else {
      merged.push(range);
    }
  }
  return merged;
}
