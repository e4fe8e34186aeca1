/**
 * Whether the model that answered is the one that was asked for. Spelling does not count: vendor
 * prefixes, dates, `[1m]` and `-latest` are the same model, and an alias stands for its family. A
 * model that the controller switched to on the way was asked for, too.
 */
export function routeMismatch(
  declared: string | null,
  answered: readonly string[],
  switchedTo: readonly string[] = [],
): { declared: string; actual: string[] } | undefined {
  const actual = answered.filter((model) => model !== '<synthetic>');
  if (declared === null || actual.length === 0) return undefined;
  const asked = [declared, ...switchedTo];
  const isAsked = (model: string) => asked.some((one) => isSameModel(one, model));
  return actual.every(isAsked) ? undefined : { declared: asked.join(', '), actual };
}

const ALIASES = new Set(['opus', 'sonnet', 'haiku', 'fable']);
/** Names that leave the choice to the worker CLI. */
const OPEN = new Set(['default', 'best', 'opusplan']);

/** An inference profile of Bedrock, whose name does not tell the model behind it. */
const ARN = 'arn:';
/** Routing variants of OpenRouter: the same model by another way. */
const VARIANT = /:(?:free|nitro|floor|extended|thinking|online|exacto)$/;
const DATE = /-(\d{8}|\d{4}-\d{2}-\d{2}|2\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|latest)$/;

/** Two dates of one model are two models; without a date it may be either. */
export function isSameModel(declared: string, actual: string): boolean {
  const [a, b] = [canonical(declared), canonical(actual)];
  if (OPEN.has(a.name) || declared.startsWith(ARN)) return true;
  if (a.name === b.name) return a.date === undefined || b.date === undefined || a.date === b.date;
  return ALIASES.has(a.name) && b.name.split('-').includes(a.name);
}

function canonical(model: string): { name: string; date: string | undefined } {
  const name = model
    .trim()
    .toLowerCase()
    .replace(/\[1m\]$/, '')
    .replace(/^.*\//, '')
    .replace(VARIANT, '')
    .replace(/^(?:[a-z-]+\.)?anthropic\./, '');
  // Only Claude's platforms count revisions this way; `deepseek-v3` and `-v4` are two models.
  const unversioned = name.startsWith('claude') ? name.replace(/-v\d+(?::\d+)?(?=@|$)/, '') : name;
  const plain = unversioned.replace(/[@:.]/g, '-');
  const [suffix, date] = DATE.exec(plain) ?? [''];
  return {
    name: plain.slice(0, plain.length - suffix.length),
    // Six digits, however it was written.
    date: date === undefined || date === 'latest' ? undefined : date.replaceAll('-', '').slice(-6),
  };
}
