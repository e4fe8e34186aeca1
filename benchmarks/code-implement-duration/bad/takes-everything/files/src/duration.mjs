const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

export function parseDuration(text) {
  const sign = String(text).trim().startsWith('-') ? -1 : 1;
  let sum = 0;
  for (const [, number, unit] of String(text).matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])/g)) {
    sum += Number(number) * UNITS[unit];
  }
  return sign * Math.round(sum) || 0;
}
