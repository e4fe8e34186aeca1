import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from '../support/lab.ts';

/** What the skill consists of, by path from its root. */
export const DOCUMENTS: readonly string[] = [
  'SKILL.md',
  ...readdirSync(join(REPOSITORY, 'skill'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `skill/${name}`),
];

export function read(path: string): string {
  return readFileSync(join(REPOSITORY, path), 'utf8');
}

/** A fenced block: its language and text, without the indentation of a list it stands in. */
export type Block = { language: string; text: string };

const FENCE = /^( *)```(\w*)\n([\s\S]*?)^\1```$/gm;

export function blocksOf(text: string): Block[] {
  return [...text.matchAll(FENCE)].map(([, indent = '', language = '', body = '']) => ({
    language,
    text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}

/** The texts between backticks, outside of blocks. */
export function spansOf(text: string): string[] {
  return [...text.replaceAll(FENCE, '').matchAll(/(`+)(.+?)\1/gs)].map(([, , span = '']) =>
    span.replaceAll(/\s+/g, ' '),
  );
}

/** `cc_x {…}` at the beginning of lines, over as many lines as it takes. */
export function callsIn(text: string): { name: string; json: string }[] {
  return text
    .split(/^(?=cc_)/m)
    .map((call) => /^(cc_\w+)\s+(\{[\s\S]*\})\s*$/.exec(call))
    .flatMap((found) => (found === null ? [] : [{ name: found[1] ?? '', json: found[2] ?? '' }]));
}

/** The command lines of a shell block: continued lines joined, comments gone. */
export function commandLines(text: string): string[] {
  return text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** A command line as the words a shell makes of it; `$(…)` inside of quotes is a word like any other. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'),
  );
}
