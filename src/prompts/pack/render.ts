import { CcError } from '../../core/errors.ts';
import { readPacks, type Template } from './manifest.ts';
import { packedText } from './packed-text.ts';

export type NamedTemplate = Template & { name: string; source: 'pack' | 'user' };

/** Every template, by name; of two with one name the user's counts. */
export async function listTemplates(userDir: string): Promise<NamedTemplate[]> {
  const all = new Map<string, NamedTemplate>();
  for (const { manifest, source } of await readPacks(userDir)) {
    for (const [name, template] of Object.entries(manifest.templates)) {
      all.set(name, { ...template, name, source });
    }
  }
  return [...all.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

export type Rendered = { template: NamedTemplate; text: string };

/**
 * Fills a template in. Values go in as they are, and are not looked into for more placeholders; `known`
 * are facts for those variables that the template has and that were not given.
 */
export async function renderTemplate(
  userDir: string,
  name: string,
  given: Readonly<Record<string, string>>,
  known: Readonly<Record<string, string | undefined>> = {},
): Promise<Rendered> {
  const templates = await listTemplates(userDir);
  const template = templates.find((one) => one.name === name);
  if (template === undefined) {
    throw new CcError('NOT_FOUND', `There is no template ${name}.`, {
      hint: `Templates: ${templates.map((one) => one.name).join(', ')}.`,
    });
  }
  const file = `templates/${name}.md`;
  const found = await packedText(userDir, file);
  if (found === undefined) {
    throw new CcError('NOT_FOUND', `The template ${name} has no text: ${file} is missing.`, {
      hint: 'Put the file beside its manifest.yaml, or remove the entry.',
    });
  }
  return { template, text: fill(template, found.text, valuesOf(template, given, known)) };
}

const PLACEHOLDER = /\{\{\s*([A-Za-z0-9_-]+)\s*\}\}/g;

function fill({ name }: NamedTemplate, text: string, values: ReadonlyMap<string, string>): string {
  const unknown = new Set<string>();
  const filled = text.replace(PLACEHOLDER, (placeholder, variable: string) => {
    const value = values.get(variable);
    if (value === undefined) unknown.add(variable);
    return value ?? placeholder;
  });
  if (unknown.size === 0) return filled.trim();
  throw new CcError('BAD_INPUT', `${name} uses what it does not declare: ${list(unknown)}.`, {
    hint: 'Add them to `variables` of the template in its manifest.yaml.',
  });
}

function valuesOf(
  { name, variables }: NamedTemplate,
  given: Readonly<Record<string, string>>,
  known: Readonly<Record<string, string | undefined>>,
): Map<string, string> {
  const names = Object.keys(variables);
  const values = new Map(
    names.map((key) => [key, given[key]?.trim() || known[key] || variables[key]?.default]),
  );
  const unknown = Object.keys(given).filter((key) => !names.includes(key));
  const missing = names.filter((key) => values.get(key) === undefined);
  if (unknown.length > 0 || missing.length > 0) {
    const problems = [
      ...(unknown.length > 0 ? [`has no variable ${list(unknown)}`] : []),
      ...(missing.length > 0 ? [`needs ${list(missing)}`] : []),
    ];
    throw new CcError('BAD_INPUT', `Template ${name} ${problems.join(' and ')}.`, {
      hint: `Its variables: ${names.map((key) => `${key} (${variables[key]?.about})`).join(', ')}.`,
    });
  }
  return new Map(names.map((key) => [key, values.get(key) ?? '']));
}

function list(names: Iterable<string>): string {
  return [...names].join(', ');
}
