import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { detect } from '../../src/secrets/detect.ts';
import { findMaintained } from '../../src/secrets/maintained.ts';
import { REPOSITORY } from '../support/lab.ts';

function filesIn(directory: string, ending: RegExp): string[] {
  return readdirSync(join(REPOSITORY, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function candidates(paths: readonly string[]): string[] {
  return paths.flatMap((path) =>
    detect(readFileSync(path, 'utf8'), { more: findMaintained, path })
      .filter((hit) => hit.class === 'real_candidate')
      .map((hit) => `${path}: ${hit.rule} ${hit.lead}${hit.value.slice(0, 60)}`),
  );
}

it.each([
  ['our source', () => filesIn('src', /\.ts$/), 250],
  ['our lock file', () => [join(REPOSITORY, 'package-lock.json')], 1],
  ['our documents', () => [...filesIn('docs', /\.md$/), join(REPOSITORY, 'README.md')], 5],
  ['declarations of TypeScript', () => filesIn('node_modules/@typescript', /^lib\..*\.d\.ts$/), 50],
  ['declarations of Node', () => filesIn('node_modules/@types/node', /\.d\.ts$/), 50],
])('%s holds no real candidate', (_, list, least) => {
  const paths = list();
  expect(paths.length).toBeGreaterThanOrEqual(least);
  expect(candidates(paths)).toEqual([]);
});
