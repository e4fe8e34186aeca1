// Narrow on purpose: local servers accept any word as a token, so only what cannot be meant is
// refused (unresolved templates, "your-api-key", "sk-xxxx", CC Switch's own marker).
const UNFINISHED = [
  /\$\{[^}]*\}/,
  /\{\{[^}]*\}\}/,
  /^<[^>]*>$/,
  /^\[[^\]]*\]$/,
  /^(?:sk-)?[x*.…-]{3,}$/i,
  /^(?:sk-)?(?:your|my)[-_ ]?(?:own[-_ ]?)?(?:\w+[-_ ])?(?:api[-_ ]?)?(?:key|token|secret)(?:[-_ ]?here)?$/i,
  /^(?:change|replace)[-_ ]?me$/i,
  /^(?:todo|placeholder)$/i,
  /^PROXY_MANAGED$/,
];

/** True for a value that somebody still has to fill in. */
export function isPlaceholder(value: string): boolean {
  return UNFINISHED.some((shape) => shape.test(value.trim()));
}
