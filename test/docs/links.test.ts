import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import fastGlob from 'fast-glob';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../support/lab.ts';
import { readMarkdown } from '../support/markdown.ts';
import { DOCUMENTS, documentAt, textOf } from './documents.ts';

const anchors = new Map<string, ReadonlySet<string>>();

function anchorsOf(path: string): ReadonlySet<string> {
  const known = anchors.get(path);
  if (known !== undefined) return known;
  const found = new Set(documentAt(path).headings.map(({ anchor }) => anchor));
  anchors.set(path, found);
  return found;
}

function brokenLinks(path: string): string[] {
  return documentAt(path).links.flatMap(({ text, line }) => {
    if (/^https?:/.test(text)) return [];
    const [file = '', anchor] = text.split('#');
    const target = file === '' ? path : normalize(join(dirname(path), decodeURI(file)));
    if (target.startsWith('..') || !existsSync(join(REPOSITORY, target))) {
      return [`line ${line}: ${text}: there is no ${target}`];
    }
    if (anchor === undefined) return [];
    if (!target.endsWith('.md')) return [`line ${line}: ${text}: no document has this anchor`];
    return anchorsOf(target).has(decodeURI(anchor))
      ? []
      : [`line ${line}: ${text}: no such heading`];
  });
}

test('all documents are looked at', () => {
  expect(DOCUMENTS).toEqual(expect.arrayContaining(['README.md', 'docs/README.md', 'SKILL.md']));
  expect(DOCUMENTS.length).toBeGreaterThan(30);
});

test.each(DOCUMENTS)('%s links to what exists', (path) => {
  expect(brokenLinks(path)).toEqual([]);
});

test('every guide is in the index of the documentation', () => {
  const linked = new Set(documentAt('docs/README.md').links.map(({ text }) => text));
  const guides = DOCUMENTS.flatMap((path) => /^docs\/(?!README)(.*)$/.exec(path)?.[1] ?? []);
  expect(guides.filter((guide) => !linked.has(guide))).toEqual([]);
});

/** Folders of ours that no project of a user is taken to have; `src/` and `test/` stand for theirs. */
const OURS =
  /^(?:docs|install|examples|schema|prompt-pack|benchmarks|skill|scripts)\/[\w.-]+(?:\/[\w.-]+)*\/?$/;
/** For contributors, who know where a file of the code lies by the end of its path. */
const SOURCES = new Set(['AGENTS.md', 'CONTRIBUTING.md', 'docs/architecture.md']);
const SOURCE_PATHS = fastGlob.sync('src/**', { cwd: REPOSITORY, onlyFiles: false });

function missingPaths(path: string): string[] {
  return documentAt(path).spans.flatMap(({ text, line }) => {
    const isOurs = OURS.test(text) && /\.|\/$/.test(text);
    const isSource = SOURCES.has(path) && /^[a-z][\w-]*\/[\w./-]+$/.test(text);
    if (!isOurs && !isSource) return [];
    const found =
      existsSync(join(REPOSITORY, text)) ||
      (isSource && SOURCE_PATHS.some((path) => path.endsWith(`/${text.replace(/\/$/, '')}`)));
    return found ? [] : [`line ${line}: there is no ${text}`];
  });
}

test.each(DOCUMENTS.filter((path) => path !== 'docs/parity.md'))(
  '%s names paths that exist',
  (path) => {
    expect(missingPaths(path)).toEqual([]);
  },
);

test('what code, templates and scripts say about documents is true', () => {
  const files = fastGlob.sync(
    ['src/**/*.ts', 'install/*', 'examples/**/*.yaml', '*.json', '*.md', 'docs/*.md'],
    {
      cwd: REPOSITORY,
      ignore: ['package-lock.json'],
    },
  );
  const wrong = files.flatMap((path) =>
    [...textOf(path).matchAll(/\bdocs\/[\w-]+\.md\b/g)]
      .filter(([name]) => !existsSync(join(REPOSITORY, name)))
      .map(([name]) => `${path}: ${name}`),
  );
  expect(wrong).toEqual([]);
});

test('the check itself finds what is broken', () => {
  const { links, headings, spans, blocks } = readMarkdown(
    [
      '# A b, `c`!',
      '## Twice',
      '## Twice',
      '[x](a.md#one) and `[no](link.md)` and `a span',
      'of two lines`',
      '````',
      '```sh',
      '# no heading, [no](link)',
      '```',
      '````',
    ].join('\n'),
  );
  expect(links).toEqual([{ text: 'a.md#one', line: 4 }]);
  expect(headings.map(({ anchor }) => anchor)).toEqual(['a-b-c', 'twice', 'twice-1']);
  expect(spans.map(({ text }) => text)).toEqual(['c', '[no](link.md)', 'a span of two lines']);
  expect(blocks).toHaveLength(1);
});
