import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastGlob from 'fast-glob';
import { REPOSITORY } from '../support/lab.ts';
import { type Markdown, readMarkdown } from '../support/markdown.ts';

/** Every document that is shipped or that contributors read, by its path from the repository. */
export const DOCUMENTS = fastGlob
  .sync(['*.md', 'docs/*.md', 'skill/**/*.md', 'examples/*.md', 'benchmarks/*.md'], {
    cwd: REPOSITORY,
  })
  .sort();

export function textOf(path: string): string {
  return readFileSync(join(REPOSITORY, path), 'utf8');
}

export function documentAt(path: string): Markdown {
  return readMarkdown(textOf(path));
}
