import { join } from 'node:path';
import fastGlob from 'fast-glob';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { isObject, type JsonObject } from '../../src/core/json.ts';
import { parsePolicy } from '../../src/workspace/policy.ts';
import { DOCUMENTS, documentAt, textOf } from './documents.ts';

const defaults = await parsePolicy('', 'defaults');
/** In no policy unless a user sets them. */
const OPTIONAL = ['budget.max_tokens', 'budget.max_usd', 'budget.lifetime', 'claude_path'];

/** The YAML blocks of a document that are a policy, or a part of one. */
function policiesIn(path: string): { text: string; line: number }[] {
  const known = new Set([...Object.keys(defaults), 'claude_path']);
  return documentAt(path).blocks.filter(({ language, text }) => {
    const value: unknown = language === 'yaml' ? parse(text) : undefined;
    return isObject(value) && Object.keys(value).some((key) => known.has(key));
  });
}

const WITH_POLICY = DOCUMENTS.filter((path) => policiesIn(path).length > 0);

test('policies are found where they are', () => {
  expect(WITH_POLICY).toEqual(
    expect.arrayContaining([
      'docs/configuration.md',
      'docs/isolation.md',
      'docs/routing.md',
      'docs/safety.md',
      'docs/secrets.md',
      'docs/verification.md',
    ]),
  );
});

test.each(WITH_POLICY)('%s shows only policies that are valid', async (path) => {
  for (const { text, line } of policiesIn(path)) {
    await expect(parsePolicy(text, `${path}, line ${line}`)).resolves.toBeDefined();
    await expect(parsePolicy(uncommented(text), `${path}, line ${line}`)).resolves.toBeDefined();
  }
});

/** With the keys that are shown as comments. */
function uncommented(block: string): string {
  return block.replace(/^( *)# ([a-z_]+: )/gm, '$1$2');
}

test('docs/configuration.md has every key with its default', async () => {
  const [block] = policiesIn('docs/configuration.md');
  const text = block?.text ?? '';
  expect(await parsePolicy(text, 'documented')).toEqual(defaults);
  expect(keysOf(parse(text))).toEqual(expect.arrayContaining(keysOf(defaults)));
  expect(keysOf(parse(uncommented(text)))).toEqual(expect.arrayContaining(OPTIONAL));
});

test('what docs/routing.md calls the defaults are the defaults', async () => {
  const [block] = policiesIn('docs/routing.md');
  const shown: unknown = parse(block?.text ?? '');
  expect(isObject(shown) && isObject(shown.routing)).toBe(true);
  expect(defaults).toMatchObject({ ...(shown as JsonObject), routing: defaults.routing });
  expect((await parsePolicy(block?.text ?? '', 'documented')).routing).toEqual(defaults.routing);
});

test('the table of retention in docs/costs.md has the defaults', () => {
  const rows = [...textOf('docs/costs.md').matchAll(/^\| `(\w+)` \| (\d+) \|/gm)];
  expect(Object.fromEntries(rows.map(([, key, value]) => [key, Number(value)]))).toEqual(
    defaults.retention,
  );
});

test('every key of a table of keys exists', () => {
  const table = textOf('docs/configuration.md').match(/^\| Keys \|[\s\S]*?\n\n/m)?.[0] ?? '';
  const named = [...table.matchAll(/`([a-z_]+)`/g)].map(([, key]) => key);
  expect(named.sort()).toEqual([...Object.keys(defaults), 'claude_path'].sort());
});

/** Dotted names of all keys, at every depth. */
function keysOf(value: unknown, parent = ''): string[] {
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, child]) => [
    `${parent}${key}`,
    ...keysOf(child, `${parent}${key}.`),
  ]);
}

test('the documents name only variables of ours that the code reads', () => {
  const code = fastGlob.sync('src/**/*.ts').map(textOf).join('\n');
  const prefix = 'CC_PROFILE_<NAME>_';
  for (const path of DOCUMENTS) {
    for (const { text, line } of documentAt(path).spans) {
      const [name] = /^CC_[A-Z_]+(?:<NAME>_[A-Z_]+)?/.exec(text) ?? [];
      if (name === undefined || name === 'CC_PROFILE_') continue;
      const wanted = name.startsWith(prefix) ? name.slice(prefix.length) : name;
      expect(code.includes(wanted), `${join(path)}, line ${line}: ${name}`).toBe(true);
    }
  }
});

test('every variable a user may set is in docs/configuration.md', () => {
  const text = textOf('docs/configuration.md');
  const read = fastGlob
    .sync('src/**/*.ts')
    .flatMap((path) => textOf(path).match(/\benv\.(CC_[A-Z_]+)/g) ?? [])
    .map((match) => match.slice('env.'.length));
  expect(new Set(read).size).toBeGreaterThan(2);
  for (const name of new Set(read)) expect(text).toContain(`\`${name}\``);
});
