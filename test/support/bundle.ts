import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll } from 'vitest';
import { removeTree } from './remove-tree.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Our own source modules as one plain file that a fixture process can import on every Node we
 * support. Call it at the top of a test file: it is removed after the last test of the file.
 */
export async function bundle(modules: readonly string[]): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'cc-bundle-'));
  afterAll(() => removeTree(directory));
  const outfile = join(directory, 'ground.mjs');
  await build({
    stdin: {
      contents: modules.map((module) => `export * from './src/${module}.ts';`).join('\n'),
      resolveDir: ROOT,
      loader: 'ts',
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
  });
  return outfile;
}
