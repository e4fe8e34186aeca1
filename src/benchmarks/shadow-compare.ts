import { isObject } from '../core/json.ts';

export type Comparison = {
  agreement: number | null;
  compared: 'output' | 'citations' | 'nothing';
  details: string[];
};

/** What an answer is compared by: its structured output, else its text. */
export type Compared = { output: unknown; text: string };

/**
 * How much of an answer another one shares. Field by field where both have the form of a schema; else
 * by the files and lines that they name. Words are not compared: two right answers share few.
 */
export function compareAnswers(original: Compared, shadow: Compared): Comparison {
  if (isObject(original.output)) return compareOutputs(original.output, shadow.output);
  const [wanted, given] = [citations(original.text), citations(shadow.text)];
  if (wanted.files.size === 0) {
    return {
      agreement: null,
      compared: 'nothing',
      details: ['the original answer names no files, so there is nothing to compare'],
    };
  }
  const files = overlap(wanted.files, given.files);
  const details = [`${files.both} of ${wanted.files.size} files named by both`];
  if (wanted.lines.size === 0) return { agreement: files.f1, compared: 'citations', details };
  const lines = overlap(wanted.lines, given.lines);
  details.push(`${lines.both} of ${wanted.lines.size} places named by both`);
  return { agreement: round((files.f1 + lines.f1) / 2), compared: 'citations', details };
}

function compareOutputs(wanted: unknown, given: unknown): Comparison {
  const [a, b] = [new Set(leaves(wanted, '')), new Set(leaves(given, ''))];
  if (a.size === 0) {
    const details = ['the structured answer of the original is empty'];
    return { agreement: null, compared: 'nothing', details };
  }
  const { both, f1 } = overlap(a, b);
  return { agreement: f1, compared: 'output', details: [`${both} of ${a.size} values the same`] };
}

/** Every value with the way to it. The order of a list does not count, and texts are not compared closely. */
function leaves(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => leaves(item, `${path}[]`));
  if (isObject(value)) {
    return Object.entries(value).flatMap(([key, item]) => leaves(item, `${path}.${key}`));
  }
  if (typeof value !== 'string') return [`${path}=${JSON.stringify(value)}`];
  // What a model puts in its own words says nothing about agreement.
  const plain = value.trim().toLowerCase();
  return plain.split(/\s+/).length > MOST_WORDS ? [] : [`${path}=${plain}`];
}

const MOST_WORDS = 4;
const BUCKET_LINES = 10;

/** `src/a.ts`, `src/a.ts:12` and `src/a.ts:12-20`; lines near each other count as one place. */
function citations(text: string): { files: Set<string>; lines: Set<string> } {
  const files = new Set<string>();
  const lines = new Set<string>();
  const pattern =
    /(?<![\w/.-])((?:[\w.-]{1,80}\/){0,12}[\w.-]{1,80}\.[a-zA-Z]\w{0,7})(?::(\d{1,7}))?/g;
  for (const [, path = '', line] of text.matchAll(pattern)) {
    const file = path.replace(/^(?:\.\/)+/, '');
    files.add(file);
    if (line !== undefined) lines.add(`${file}:${Math.floor(Number(line) / BUCKET_LINES)}`);
  }
  return { files, lines };
}

function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): { both: number; f1: number } {
  const both = [...a].filter((item) => b.has(item)).length;
  return { both, f1: a.size + b.size === 0 ? 0 : round((2 * both) / (a.size + b.size)) };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
