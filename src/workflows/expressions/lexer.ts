import { LIMITS } from '../limits.ts';

export type Token = {
  kind: 'word' | 'text' | 'number' | 'sign' | 'end';
  text: string;
  /** Offset in the expression. */
  at: number;
};

/** What is wrong with an expression, and where in it. */
export class ExpressionError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.name = 'ExpressionError';
    this.at = at;
  }
}

const BLANK = /[ \t\r\n]+/y;
// A hyphen belongs to a name: there is no subtraction, and ids of nodes have them.
const WORD = /[A-Za-z_][A-Za-z0-9_-]*/y;
const NUMBER = /-?\d+(?:\.\d+)?(?![\w.])/y;
const TEXT = /"(?:[^"\\\n]|\\["\\nt])*"|'(?:[^'\\\n]|\\['\\nt])*'/y;
const SIGN = /==|!=|<=|>=|[<>()[\],.]/y;
/** What people write from habit, and what is meant here. */
const FOREIGN: Readonly<Record<string, string>> = {
  '=': 'write == to compare',
  '&': 'write and',
  '|': 'write or',
  '!': 'write not',
  '+': 'there is no arithmetic',
  '*': 'there is no arithmetic',
  '/': 'there is no arithmetic',
  '"': 'a text ends with the quote it began with, on the same line',
  "'": 'a text ends with the quote it began with, on the same line',
  $: 'write the path alone, without a dollar sign and braces',
  '{': 'write the path alone, without braces',
};

/** The tokens of an expression, the last one `end`. Throws ExpressionError. */
export function tokensOf(source: string): Token[] {
  if (source.length > LIMITS.expressionChars) {
    const hint = `it has ${source.length} characters; at most ${LIMITS.expressionChars} are read`;
    throw new ExpressionError(hint, 0);
  }
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  for (at += take(BLANK)?.length ?? 0; at < source.length; at += take(BLANK)?.length ?? 0) {
    const token = nextToken(take, at);
    if (token === undefined) throw unexpected(source.charAt(at), at);
    const { length, ...rest } = token;
    tokens.push(rest);
    at += length;
  }
  return [...tokens, { kind: 'end', text: '', at: source.length }];
}

function nextToken(take: (pattern: RegExp) => string | undefined, at: number) {
  const text = take(TEXT);
  if (text !== undefined) {
    return { kind: 'text' as const, text: unquoted(text), at, length: text.length };
  }
  for (const [kind, pattern] of [
    ['number', NUMBER],
    ['word', WORD],
    ['sign', SIGN],
  ] as const) {
    const found = take(pattern);
    if (found !== undefined) return { kind, text: found, at, length: found.length };
  }
  return undefined;
}

function unquoted(text: string): string {
  const inside = text.slice(1, -1);
  return inside.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c === 't' ? '\t' : c));
}

function unexpected(character: string, at: number): ExpressionError {
  const hint = FOREIGN[character];
  return new ExpressionError(
    `${JSON.stringify(character)} has no meaning here${hint === undefined ? '' : `: ${hint}`}`,
    at,
  );
}
