// Writes everything that is derived from the tool registry: npm run gen.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { generate, SNAPSHOTS } from './gen/generate.ts';

const root = process.cwd();
const files = await generate(root);
for (const [path, content] of files) {
  const target = join(root, path);
  if ((await readFile(target, 'utf8').catch(() => undefined)) === content) continue;
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, content);
  console.log(`wrote ${path}`);
}
for (const name of await readdir(join(root, SNAPSHOTS))) {
  const path = `${SNAPSHOTS}/${name}`;
  if (files.has(path)) continue;
  await rm(join(root, path));
  console.log(`removed ${path}`);
}
