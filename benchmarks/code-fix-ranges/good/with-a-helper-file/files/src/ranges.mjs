import { requireOrder } from './require-order.mjs';

export function mergeRanges(ranges) {
  const rest = ranges.map(([from, to]) => requireOrder(from, to));
  rest.sort((a, b) => a.from - b.from || a.to - b.to);
  const merged = rest.slice(0, 1);
  for (const next of rest.slice(1)) {
    const last = merged[merged.length - 1];
    if (next.from - 1 <= last.to) last.to = Math.max(last.to, next.to);
    else merged.push(next);
  }
  return merged.map(({ from, to }) => [from, to]);
}
