import { join } from 'node:path';
import { randomBase32 } from '../core/ids.ts';
import { fillerText } from './filler.ts';

/** Which conversation a verdict rests on. */
export type TaskName = 'basic' | 'thinking' | 'long_context';

/** A tiny task for the real worker CLI, and what only a model that did it can answer. */
export type ProbeTask = {
  name: TaskName;
  /** Files of its directory, by name. */
  files: Readonly<Record<string, string>>;
  prompt: (directory: string) => string;
  tools: readonly string[];
  schema: object;
  expected: Readonly<Record<string, string>>;
  effort: 'low' | 'high';
  maxTurns: number;
  maxOutputTokens: number;
  /** One request only: it is too dear to be repeated. */
  single: boolean;
  /** Words of filler in the prompt; each is about a token. */
  fillerWords: number;
};

export const SYSTEM_PROMPT = 'You are being tested. Do exactly what you are told, with your tools.';
const OUTPUT_TOKENS = 4000;
/** Two answers do it. One tool call at a time takes three, a reminder of the format one more. */
const BASIC_TURNS = 5;
const FILE_LINES = 12;

export const FIRST = 'one.txt';
export const SECOND = 'two.txt';

/**
 * Shows nearly everything in two model calls: the files can only be read by tool calls, asked for
 * side by side; what they say can only be answered when the service takes tool results; and the answer
 * has a schema. Their text is long enough to show in the token count of the second call.
 */
export function basicTask(): ProbeTask {
  const [one, two] = [word(), word()];
  return {
    ...common('basic', { one, two }),
    files: { [FIRST]: fileText(one), [SECOND]: fileText(two) },
    prompt: (directory) =>
      [
        `Read ${join(directory, FIRST)} and ${join(directory, SECOND)}: call Read twice in one and the same answer, in parallel.`,
        'Each file names a code word. Then answer with both, in the order of the files.',
      ].join('\n'),
    tools: ['Read'],
    maxTurns: BASIC_TURNS,
  };
}

/** Needs a few steps of reasoning; only whether the model thinks is looked at, not what it answers. */
export function thinkingTask(): ProbeTask {
  return {
    ...common('thinking', { answer: '' }),
    prompt: () =>
      'How many whole numbers from 1 to 90 are divisible by 4 or by 7, but not by 6? Think it through step by step before you answer with the number.',
    effort: 'high',
    single: true,
    maxTurns: 1,
  };
}

/** Two code words, one near the start and one in the middle of about `words` tokens of text. */
export function longTask(words: number): ProbeTask {
  const [early, middle] = [word(), word()];
  const text = fillerText(words, [
    { at: 0.05, line: `The early code word is ${early}.` },
    { at: 0.5, line: `The middle code word is ${middle}.` },
  ]);
  return {
    ...common('long_context', { early, middle }),
    prompt: () =>
      `${text}\n\nTwo lines of this text name a code word. Answer with the early and the middle code word.`,
    single: true,
    maxTurns: 1,
    fillerWords: words,
  };
}

function common(name: TaskName, expected: Record<string, string>): Omit<ProbeTask, 'prompt'> {
  const fields = Object.keys(expected);
  return {
    name,
    expected,
    files: {},
    tools: [],
    schema: {
      type: 'object',
      properties: Object.fromEntries(fields.map((field) => [field, { type: 'string' }])),
      required: fields,
      additionalProperties: false,
    },
    effort: 'low',
    maxTurns: 1,
    maxOutputTokens: OUTPUT_TOKENS,
    single: false,
    fillerWords: 0,
  };
}

function fileText(codeWord: string): string {
  return `${fillerText(FILE_LINES * 8, [{ at: 1, line: `The code word is ${codeWord}.` }])}\n`;
}

/** Nothing a model could guess or have learnt. */
function word(): string {
  return `w${randomBase32(7)}`;
}
