import { basename, relative } from 'node:path';
import fastGlob from 'fast-glob';
import { expect, test } from 'vitest';
import { userHome } from '../../src/workspace/home.ts';
import { FLOORS } from '../support/architecture.ts';
import { REPOSITORY } from '../support/lab.ts';
import { textOf } from './documents.ts';

const sources = fastGlob.sync('src/**/*.ts', { cwd: REPOSITORY }).sort();

function withText(pattern: RegExp): string[] {
  return sources.filter((path) => pattern.test(textOf(path)));
}

test('there is no SDK of a model vendor', () => {
  const {
    dependencies = {},
    optionalDependencies,
    devDependencies,
  } = JSON.parse(textOf('package.json'));
  const names = Object.keys({ ...dependencies, ...optionalDependencies, ...devDependencies });
  // The command lines are there for tests; what bundles could hold is none of these.
  const clis = ['@anthropic-ai/claude-code', '@openai/codex'];
  expect(
    names.filter((name) => /anthropic|openai|google|mistral|bedrock/.test(name)).sort(),
  ).toEqual(clis);
  expect(withText(/from '(?:@anthropic-ai|@openai|openai|@google)/)).toEqual([]);
});

test('only the catalogue is fetched, and only the embedded model and the search for a port listen', () => {
  const speaking = withText(/(?<![.\w])fetch\(|from 'node:(?:https?|http2|tls)'/);
  expect(speaking.filter((path) => !path.startsWith('src/loopback/'))).toEqual([
    'src/routing/fetch-json.ts',
  ]);
  expect(withText(/\.listen\(/)).toEqual(['src/loopback/server.ts', 'src/runs/worktrees/make.ts']);
  for (const path of withText(/\.listen\(/)) expect(textOf(path)).toContain("'127.0.0.1'");
});

test('the file of the Claude login is looked for and never read', () => {
  const users = withText(/\bloginFile\b|\.credentials\.json/);
  for (const path of users)
    expect(textOf(path), path).not.toMatch(/readFile(?:Sync)?\(loginFile|copyFile/);
  expect(users).toContain('src/profiles/official.ts');
});

test('everything in the home of the user is documented', () => {
  const home = userHome({ CC_ORCHESTRATOR_HOME: '/h' });
  const told = textOf('SECURITY.md') + textOf('docs/configuration.md');
  for (const path of Object.values(home).filter((value) => value !== '/h')) {
    const name = relative('/h', path);
    const [top = ''] = name.split('/');
    expect(
      told.includes(`${name}/`) || told.includes(basename(name)) || told.includes(`${top}/`),
      name,
    ).toBe(true);
  }
});

test('docs/architecture.md has every folder of the code on its floor', () => {
  const rows = textOf('docs/architecture.md').match(/^\| (?!Floor|-)\w+ \| .*$/gm) ?? [];
  const documented = rows.map((row) =>
    [...(row.split('|')[2] ?? '').matchAll(/`(\w+)/g)].map(([, name]) => name),
  );
  const folders = new Set(sources.map((path) => path.split('/')[1]));
  const real = FLOORS.map((floor) => floor.filter((folder) => folders.has(folder)));
  const sorted = (list: readonly (readonly (string | undefined)[])[]) =>
    list.map((item) => [...item].sort());
  expect(sorted(documented)).toEqual(sorted(real).reverse());
});
