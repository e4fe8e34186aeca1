import type * as z from 'zod';
import { isObject } from '../../core/json.ts';
import { type FileProfile, fileProfile, TAKES } from './schema.ts';

/** A name that promises a token; whoever uses one means to write a token down. */
const TOKEN_NAME = /key|token|secret|password/i;
const NO_TOKEN_HERE =
  'a token does not belong into this file. Put it into an environment variable and name that (token_env: EXAMPLE_TOKEN), or name a command that prints it (token_command: [pass, show, example])';
const TOKEN_FIELDS = ['token_env', 'token_command', 'token'] as const;

export type Checked =
  | { profile: FileProfile }
  /** All that is wrong, one sentence each, beginning with the path. */
  | { problems: string[] };

/** Checks one profile of the file, which begins at `path`. Nothing of what it holds is quoted but names. */
export function checkProfile(value: unknown, path: string, isPrivate: boolean): Checked {
  const parsed = fileProfile.safeParse(value);
  const problems = [
    ...(parsed.error?.issues.flatMap((issue) => sentences(issue, path)) ?? []),
    ...tokenProblems(value, path, isPrivate),
  ];
  return parsed.success && problems.length === 0 ? { profile: parsed.data } : { problems };
}

function sentences(issue: z.core.$ZodIssue, path: string): string[] {
  const at = [path, ...issue.path.map(String)].join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${at}.${key}: ${unknownField(key, issue.path)}.`);
  }
  const field = issue.path[0];
  const takes = isField(field) ? ` It takes ${TAKES[field]}.` : '';
  return [`${at}: ${wrong(issue)}.${takes}`];
}

function unknownField(key: string, within: readonly PropertyKey[]): string {
  const [field] = within;
  if (isField(field)) return `not known here. \`${field}\` takes ${TAKES[field]}`;
  if (TOKEN_NAME.test(key)) return NO_TOKEN_HERE;
  return `not known. Known are ${Object.keys(TAKES).join(', ')}`;
}

function wrong(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.endsWith('received undefined')
        ? 'missing'
        : issue.message.replace('Invalid input: ', '');
    case 'too_big':
      return `more than ${issue.maximum}`;
    case 'too_small':
      return `less than ${issue.minimum}`;
    default:
      return 'not valid';
  }
}

function tokenProblems(value: unknown, path: string, isPrivate: boolean): string[] {
  if (!isObject(value)) return [];
  const given = TOKEN_FIELDS.filter((field) => value[field] !== undefined);
  if (given.length > 1) {
    return [`${path}: has ${given.join(' and ')}. Keep one of them.`];
  }
  if (given.length === 0) {
    const isNamedElse = Object.keys(value).some((key) => TOKEN_NAME.test(key) && !isField(key));
    return isNamedElse
      ? []
      : [
          `${path}: no token. Add token_env (${TAKES.token_env}) or token_command (${TAKES.token_command}).`,
        ];
  }
  if (value.token === undefined) return [];
  if (value.allow_inline_token !== true) {
    return [
      `${path}.token: ${NO_TOKEN_HERE}. To keep it here all the same, add allow_inline_token: true and make the file private (chmod 600).`,
    ];
  }
  if (isPrivate) return [];
  return [`${path}.token: others can read this file. Make it private: chmod 600.`];
}

function isField(name: PropertyKey | undefined): name is keyof FileProfile {
  return typeof name === 'string' && Object.hasOwn(TAKES, name);
}
