/**
 * Whether the model that answered is the one that was asked for. Spelling does not count: vendor
 * prefixes, dates, `[1m]` and `-latest` are the same model, and an alias stands for its family.
 */
export function routeMismatch(
  declared: string | null,
  answered: readonly string[],
): { declared: string; actual: string[] } | undefined {
  const actual = answered.filter((model) => model !== '<synthetic>');
  if (declared === null || actual.length === 0) return undefined;
  return actual.every((model) => isSameModel(declared, model)) ? undefined : { declared, actual };
}

const ALIASES = new Set(['opus', 'sonnet', 'haiku', 'fable', 'default']);

export function isSameModel(declared: string, actual: string): boolean {
  const [a, b] = [canonical(declared), canonical(actual)];
  if (a === b || a === 'default') return true;
  return ALIASES.has(a) && b.split('-').includes(a);
}

function canonical(model: string): string {
  return model
    .trim()
    .toLowerCase()
    .replace(/\[1m\]$/, '')
    .replace(/^.*\//, '')
    .replace(/^(?:[a-z]+\.)?anthropic\./, '')
    .replace(/[@:.]/g, '-')
    .replace(/-v\d+(?:-\d+)?$/, '')
    .replace(/-(?:\d{8}|\d{4}-\d{2}-\d{2}|latest)$/, '');
}
