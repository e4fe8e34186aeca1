import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { importsOf, violations } from './support/architecture.ts';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

function sources(): Map<string, string> {
  const files = readdirSync(SRC, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]sx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    files.map((path) => [relative(SRC, path).split(sep).join('/'), readFileSync(path, 'utf8')]),
  );
}

it('imports only go down, and everybody keeps to what is theirs', () => {
  const all = sources();
  expect(all.size).toBeGreaterThan(30);
  expect(violations(all)).toEqual([]);
});

describe('the check itself', () => {
  const check = (files: Record<string, string>) => violations(new Map(Object.entries(files)));

  it('allows what goes down or stays on its floor', () => {
    expect(
      check({
        'core/a.ts': "import { readFileSync } from 'node:fs';",
        'store/b.ts': "import { a } from '../core/a.ts';\nimport { c } from '../proc/c.ts';",
        'proc/c.ts': "import { spawn } from 'node:child_process';\nimport { execa } from 'execa';",
        'git/d.ts': "import { simpleGit } from 'simple-git';",
        'mcp/e.ts': "import { Server } from '@modelcontextprotocol/sdk/server/index.js';",
        'tools/runs/f.ts': "import { b } from '../../store/b.ts';\nexport default b;",
        'loopback/g.ts': "import { a } from '../core/a.ts';",
      }),
    ).toEqual([]);
  });

  it.each([
    ['an import', "import { b } from '../store/b.ts';"],
    ['an import of several lines', "import {\n  b,\n  c,\n} from '../store/b.ts';"],
    ['an import of a type', "import type { B } from '../store/b.ts';"],
    ['a type in place', "type B = import('../store/b.ts').B;"],
    ['an import without names', "import '../store/b.ts';"],
    ['a dynamic import', "const b = await import('../store/b.ts');"],
    ['a re-export', "export * from '../store/b.ts';"],
    ['an import behind a comment', "/* one */ import { b } from '../store/b.ts'; // two"],
  ])('finds %s that goes up', (_, text) => {
    const found = check({ 'core/a.ts': text, 'store/b.ts': 'export const b = 1;' });
    expect(found).toEqual(['core/a.ts (floor 0) imports up: store/b.ts (floor 1)']);
  });

  it.each([
    ['@modelcontextprotocol/sdk', 'mcp'],
    ['@modelcontextprotocol/sdk/server/mcp.js', 'mcp'],
    ['node:child_process', 'proc'],
    ['child_process', 'proc'],
    ['execa', 'proc'],
    ['simple-git', 'git'],
  ])('finds %s outside of %s/', (specifier, owner) => {
    for (const file of ['tools/runs/a.ts', 'core/a.ts', 'bin/a.ts']) {
      expect(check({ [file]: `import { x } from '${specifier}';` })).toEqual([
        `${file}: only ${owner}/ may import ${specifier}`,
      ]);
    }
    expect(check({ [`${owner}/a.ts`]: `import { x } from '${specifier}';` })).toEqual([]);
  });

  it('finds unknown folders, files outside of every folder and imports of nothing', () => {
    expect(check({ 'helpers/a.ts': '' })).toEqual([
      'helpers/a.ts: the folder "helpers" is on no floor',
    ]);
    expect(check({ 'index.ts': '' })).toEqual(['index.ts: the folder "" is on no floor']);
    expect(check({ 'core/a.ts': "import { b } from './b.js';" })).toHaveLength(1);
    expect(check({ 'core/a.ts': "import { b } from '../../test/b.ts';" })).toHaveLength(1);
  });

  it('finds default exports outside of tools', () => {
    const found = ['core/a.ts: default exports are for tools'];
    expect(check({ 'core/a.ts': 'export default 1;' })).toEqual(found);
    expect(check({ 'core/a.ts': 'const a = 1;\nexport { a as default };' })).toEqual(found);
    expect(check({ 'core/a.ts': "const text = 'export default';" })).toEqual([]);
  });

  it('finds cycles, also long ones and of one file with itself', () => {
    expect(
      check({
        'core/a.ts': "import './b.ts';",
        'core/b.ts': "import type { C } from './c.ts';",
        'core/c.ts': "export { a } from './a.ts';",
        'core/d.ts': "import './a.ts';",
        'core/e.ts': "import './e.ts';",
      }),
    ).toEqual([
      'cycle: core/a.ts → core/b.ts → core/c.ts → core/a.ts',
      'cycle: core/e.ts → core/e.ts',
    ]);
  });

  it('is not fooled by comments and strings', () => {
    const text = [
      "// import { b } from '../store/b.ts';",
      "/** import { b } from '../store/b.ts'; */",
      "const url = 'https://x.invalid'; export const from = 'import';",
      "import { real } from './real.ts';",
    ].join('\n');
    expect(importsOf(text)).toEqual(['./real.ts']);
  });
});
