/**
 * Whether the model that answered is the one that was asked for. Spelling does not count: vendor
 * prefixes, dates, `[1m]` and `-latest` are the same model, and an alias stands for its family. A
 * model that the controller switched to on the way was asked for, too.
 */
export function routeMismatch(
  declared: string | null,
  answered: readonly string[],
  switchedTo?: string,
): { declared: string; actual: string[] } | undefined {
  const actual = answered.filter((model) => model !== '<synthetic>');
  if (declared === null || actual.length === 0) return undefined;
  const asked = switchedTo === undefined ? [declared] : [declared, switchedTo];
  const isAsked = (model: string) => asked.some((one) => isSameModel(one, model));
  return actual.every(isAsked) ? undefined : { declared: asked.join(', '), actual };
}

const ALIASES = new Set(['opus', 'sonnet', 'haiku', 'fable']);
/** Names that leave the choice to the worker CLI. */
const OPEN = new Set(['default', 'best', 'opusplan']);

export function isSameModel(declared: string, actual: string): boolean {
  const [a, b] = [canonical(declared), canonical(actual)];
  if (a === b || OPEN.has(a)) return true;
  return ALIASES.has(a) && b.split('-').includes(a);
}

function canonical(model: string): string {
  const name = model
    .trim()
    .toLowerCase()
    .replace(/\[1m\]$/, '')
    .replace(/^.*\//, '')
    .replace(/^(?:[a-z-]+\.)?anthropic\./, '');
  // Only Claude's platforms count revisions this way; `deepseek-v3` and `-v4` are two models.
  const unversioned = name.startsWith('claude') ? name.replace(/-v\d+(?::\d+)?(?=@|$)/, '') : name;
  return unversioned.replace(/[@:.]/g, '-').replace(/-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$/, '');
}
