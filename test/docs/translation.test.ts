import { expect, test } from 'vitest';
import { readMarkdown } from '../support/markdown.ts';
import { linesOf } from '../support/markdown-commands.ts';
import { textOf } from './documents.ts';

/**
 * What a translation has in common with its original: headings by level, code without comments, links,
 * the code in its sentences, tables and lists by size.
 */
function outline(text: string) {
  const { blocks, headings, links, spans } = readMarkdown(text);
  const lines = text.replace(/^```[\s\S]*?^```/gm, '').split('\n');
  return {
    levels: headings.map(({ level }) => level),
    blocks: blocks.map(({ language, text: code }) => [language, commands(language, code)]),
    links: links.map(({ text: target }) => target),
    code: new Set(spans.map(({ text: code }) => code)),
    rows: lines.filter((line) => line.startsWith('|')).map((line) => line.split(' | ').length),
    items: lines.filter((line) => line.startsWith('- ')).length,
    bold: text.match(/\*\*/g)?.length,
  };
}

function commands(language: string, code: string): string[] {
  return language === 'sh' ? linesOf(code).map(({ text }) => text) : [code];
}

const english = textOf('README.md');
const chinese = textOf('README.zh-CN.md');

test('README.zh-CN.md is in step with README.md', () => {
  expect(outline(chinese)).toEqual(outline(english));
});

test.each(['demo', 'tools'])(
  'the generated part "%s" is the same in both (else: npm run gen)',
  (name) => {
    const part = (text: string) =>
      new RegExp(`<!-- ${name}:start -->[^]*<!-- ${name}:end -->`).exec(text)?.[0];
    expect(part(chinese)).toBe(part(english));
    expect(part(english)).toBeDefined();
  },
);

test('both begin with links to each other', () => {
  const languages = '[English](README.md) · [简体中文](README.zh-CN.md)';
  for (const text of [english, chinese]) expect(text.split('\n')[2]).toBe(languages);
});

test.each([
  ['a heading', /^## (Install|安装)$/m, '### $1'],
  ['a command', '--budget-wall-seconds 600', '--budget-wall-seconds 900'],
  ['a link', 'docs/control.md)', 'docs/costs.md)'],
  ['a row of a table', /^\| CC Switch .*\n/m, ''],
  ['an item of a list', /^- .*64 MB[^-]*(?=^- )/m, ''],
  ['a name in a sentence', '`cost_complete: false`', '`cost_complete: true`'],
])('a change of %s on one side only is found', (_, old, replacement) => {
  for (const text of [english, chinese]) {
    const changed = text.replace(old, replacement);
    expect(changed).not.toBe(text);
    expect(outline(changed)).not.toEqual(outline(text));
  }
});
