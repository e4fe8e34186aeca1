const UNITS = [['d', 86_400_000], ['h', 3_600_000], ['m', 60_000], ['s', 1000], ['ms', 1]];

export function parseDuration(text) {
  if (typeof text !== 'string') throw new TypeError('not a text');
  let rest = text.trim();
  if (rest === '0') return 0;
  let sign = 1;
  if (rest[0] === '-') {
    sign = -1;
    rest = rest.slice(1);
  }
  let allowed = UNITS;
  let sum = 0;
  let closed = false;
  do {
    const part = /^(\d+)(\.\d+)?([a-z]+)/.exec(rest);
    const at = part === null ? -1 : allowed.findIndex(([unit]) => unit === part[3]);
    if (part === null || at < 0 || closed) throw new SyntaxError(`cannot read ${JSON.stringify(text)}`);
    sum += Number(part[1] + (part[2] ?? '')) * allowed[at][1];
    closed = part[2] !== undefined;
    allowed = allowed.slice(at + 1);
    rest = rest.slice(part[0].length).trimStart();
  } while (rest !== '');
  return sign * Math.round(sum) || 0;
}
