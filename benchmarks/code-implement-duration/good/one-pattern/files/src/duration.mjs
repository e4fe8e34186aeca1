const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
const ORDER = Object.keys(UNITS);

export function parseDuration(text) {
  if (typeof text !== 'string') throw new TypeError('a duration is a text');
  const plain = text.trim();
  if (plain === '0') return 0;
  const negative = plain.startsWith('-');
  const body = negative ? plain.slice(1) : plain;
  if (!/^(?:[0-9]+(?:\.[0-9]+)?(?:ms|[dhms])\s*)+$/.test(body)) throw new SyntaxError(`no duration: ${text}`);
  const parts = [...body.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|[dhms])/g)];
  let total = 0;
  let before = -1;
  for (const [index, [, number, unit]] of parts.entries()) {
    const rank = ORDER.indexOf(unit);
    if (rank <= before) throw new SyntaxError(`${unit} is out of order`);
    if (number.includes('.') && index < parts.length - 1) throw new SyntaxError('only the last part');
    before = rank;
    total += Number(number) * UNITS[unit];
  }
  const whole = Math.round(total);
  return negative && whole !== 0 ? -whole : whole;
}
