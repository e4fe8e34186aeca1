// Runs a TypeScript file of the project: node scripts/run-ts.mjs <file.ts> [arguments]. Node 20 cannot
// do it by itself, and a bundle costs 0.2 s.
import { rmSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const [file] = process.argv.splice(2, 1);
if (file === undefined) {
  console.error('usage: node scripts/run-ts.mjs <file.ts> [arguments]');
  process.exit(2);
}
// Files that look for something beside themselves must find it, wherever the bundle lies.
const HERE = '__url_of_this_file';
const keepsItsPlace = {
  name: 'import.meta.url',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => ({
      contents: `const ${HERE} = ${JSON.stringify(pathToFileURL(path).href)}; ${await readFile(path, 'utf8')}`,
      loader: 'ts',
    }));
  },
};
const directory = resolve('node_modules', '.cache', 'run-ts');
const outfile = join(directory, `${basename(file, '.ts')}-${process.pid}.mjs`);
process.once('exit', () => rmSync(outfile, { force: true }));
await mkdir(directory, { recursive: true });
await build({
  entryPoints: [file],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  packages: 'external',
  define: { 'import.meta.url': HERE },
  plugins: [keepsItsPlace],
  logLevel: 'warning',
});
await import(pathToFileURL(outfile).href);
