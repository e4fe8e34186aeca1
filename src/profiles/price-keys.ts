/**
 * The spellings of a model id under which CC Switch's price table may have it, in the order to try.
 *
 * CC Switch also takes the shortest id that merely starts with the wanted one. That prices
 * `gemini-2.5-flash` as `gemini-2.5-flash-lite`; here the rest must be a date or a release word.
 */
export function priceKeys(model: string): { exact: string[]; dated: RegExp[] } {
  const exact: string[] = [];
  const waiting = [cleaned(model)];
  for (let key = waiting.shift(); key !== undefined; key = waiting.shift()) {
    if (key === '' || exact.includes(key) || NO_MODEL.test(key)) continue;
    exact.push(key);
    for (const [shape, replacement] of REDUCTIONS) waiting.push(key.replace(shape, replacement));
    if (key.startsWith('claude-')) waiting.push(key.replaceAll('.', '-'));
  }
  return {
    exact,
    dated: exact.filter(mayHaveLongerId).map((key) => new RegExp(`^${escaped(key)}${REST}$`)),
  };
}

const NO_MODEL = /^(?:unknown|null|none)$/;
const REST = '-(?:\\d{8}|\\d{4}-\\d{2}-\\d{2}|\\d{6}|latest|preview|exp)';
const REDUCTIONS: readonly (readonly [RegExp, string])[] = [
  // Bedrock and Vertex namespaces: `global.anthropic.claude-…-v1:0`.
  [
    /^(?:(?:global|us|us-gov|eu|apac|au|jp|ca|sa)\.)?[a-z0-9-]+\.(?=(?:claude|deepseek|glm|kimi|qwen|minimax|gpt)-)/,
    '',
  ],
  [/-v\d+$/, ''],
  [/-(?:20\d{6}|20\d{2}-\d{2}-\d{2}|2\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))$/, ''],
  [/-(?:minimal|low|medium|high|xhigh)$/, ''],
];
// Families and the number of dashes from which CC Switch considers a longer id the same model.
const FAMILIES: readonly (readonly [RegExp, number])[] = [
  [/^claude-/, 3],
  [/^o[1345](?:-|$)/, 1],
  [/^(?:gpt|gemini|deepseek|qwen|glm|kimi|minimax)-/, 2],
];

function cleaned(model: string): string {
  const lower = model
    .trim()
    .toLowerCase()
    .replace(/\[1m\]/g, '');
  const name = lower.slice(lower.lastIndexOf('/') + 1);
  return (name.split(':')[0] ?? '').trim().replaceAll('@', '-');
}

function mayHaveLongerId(key: string): boolean {
  const dashes = key.split('-').length - 1;
  return FAMILIES.some(([family, needed]) => family.test(key) && dashes >= needed);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
