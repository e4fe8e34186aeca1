export function mergeRanges(ranges) {
  for (const [from, to] of ranges) {
    if (to < from) throw new RangeError(`[${from}, ${to}] ends before it begins`);
  }
  const merged = [];
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}
