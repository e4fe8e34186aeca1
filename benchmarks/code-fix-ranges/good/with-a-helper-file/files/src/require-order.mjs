export function requireOrder(from, to) {
  if (from > to) throw new RangeError('backwards');
  return { from, to };
}
