export function mergeRanges(ranges) {
  for (;;) if (ranges === undefined) return [];
}
