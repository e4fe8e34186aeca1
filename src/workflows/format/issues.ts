import type * as z from 'zod';
import { isObject } from '../../core/json.ts';
import { suggestion } from '../../core/suggestion.ts';
import { NODE_KINDS } from '../vocabulary.ts';
import { workflowFile } from './file.ts';
import { MEANT } from './meant-keys.ts';
import { rawNode } from './nodes.ts';
import type { Path } from './problems.ts';
import type { Source } from './source.ts';

/** Tells what zod found wrong at a path of the file; `base` is where the checked value stands. */
export function report(source: Source, issue: z.core.$ZodIssue, base: Path, whole: unknown): void {
  const path = [...base, ...(issue.path as (string | number)[])];
  switch (issue.code) {
    case 'unrecognized_keys':
      for (const key of issue.keys) unknownKey(source, [...path, key], keysAt(path, whole));
      return;
    case 'invalid_union': {
      if (issue.discriminator !== undefined) {
        const type = valueAt(whole, path);
        source.add('wrong_value', path, `there is no type ${JSON.stringify(type)}`, {
          fix: suggestion(String(type), NODE_KINDS),
        });
        return;
      }
      if (valueAt(whole, path) === undefined) {
        missingKey(source, path);
        return;
      }
      const branch = branchOf(issue);
      if (branch !== undefined) {
        for (const inner of branch) report(source, inner, path, whole);
        return;
      }
      break;
    }
    case 'invalid_type':
      if (valueAt(whole, path) === undefined) {
        missingKey(source, path);
        return;
      }
      source.add('wrong_type', path, `must be ${named(issue.expected)}`, {
        fix: yamlHint(issue, whole, path),
      });
      return;
    case 'invalid_value': {
      const words = issue.values.map(String);
      const given = valueAt(whole, path);
      source.add('wrong_value', path, `${JSON.stringify(given) ?? 'nothing'} is not valid here`, {
        fix: suggestion(String(given), words),
      });
      return;
    }
  }
  if (issue.code === 'too_small' || issue.code === 'too_big') {
    source.add('wrong_value', path, sizeText(issue));
    return;
  }
  const code = issue.code === 'invalid_union' ? 'wrong_type' : 'wrong_value';
  source.add(code, path, issue.message.replace(/\.$/, ''));
}

function missingKey(source: Source, path: Path): void {
  const name = String(path.at(-1));
  const fix = name === 'role' ? 'Name a role, e.g. implementation.' : undefined;
  const message = `${name} is missing`;
  source.add('missing_key', path.slice(0, -1), message, { at: 'key', ...(fix && { fix }) });
}

type SizeIssue = z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig;

/** `must be at most 20`, `must have at least 1 entry`. */
function sizeText(issue: SizeIssue): string {
  const [word, bound] =
    issue.code === 'too_small' ? ['at least', issue.minimum] : ['at most', issue.maximum];
  const exactly =
    issue.inclusive === false ? (word === 'at least' ? 'more than' : 'less than') : word;
  const unit = { array: ['entry', 'entries'], string: ['character', 'characters'] }[
    issue.origin as string
  ];
  if (unit === undefined) return `must be ${exactly} ${bound}`;
  return `must have ${exactly} ${bound} ${bound === 1 ? unit[0] : unit[1]}`;
}

/** The alternative that was meant: the only one whose type is right. Of nodes `type` decides. */
function branchOf(issue: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] | undefined {
  const fitting = issue.errors.filter(
    (branch) => !branch.some(({ path, code }) => path.length === 0 && code === 'invalid_type'),
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}

function unknownKey(source: Source, path: Path, known: readonly string[]): void {
  const key = String(path.at(-1));
  const meant = known.find((name) => MEANT.get(key.toLowerCase())?.includes(name));
  const hint = meant === undefined ? suggestion(key, known) : `Here it is called ${meant}.`;
  source.add('unknown_key', path, `there is no key ${JSON.stringify(key.slice(0, 60))} here`, {
    at: 'key',
    fix: hint === '' ? 'Remove it.' : hint,
  });
}

/** The keys that are valid at a path, read from the schema. */
function keysAt(path: Path, whole: unknown): readonly string[] {
  const isNode = path[0] === 'nodes' && path.length >= 2;
  let schema: unknown = isNode ? nodeSchema(valueAt(whole, path.slice(0, 2))) : workflowFile;
  for (const part of isNode ? path.slice(2) : path) schema = inside(schema, part);
  const keys = Object.keys(shapeIn(schema) ?? {});
  return keys.filter((key) => !key.startsWith('mock_') && key !== '$schema');
}

function nodeSchema(node: unknown): unknown {
  const type = isObject(node) ? node.type : undefined;
  return rawNode.options.find((option) => option.shape.type.safeParse(type).success);
}

type Definition = {
  innerType?: unknown;
  options?: unknown[];
  shape?: Record<string, unknown>;
  valueType?: unknown;
  element?: unknown;
};

function definition(schema: unknown): Definition | undefined {
  return (schema as { def?: Definition } | undefined)?.def;
}

function shapeIn(schema: unknown): Record<string, unknown> | undefined {
  const def = definition(schema);
  if (def?.innerType !== undefined) return shapeIn(def.innerType);
  if (def?.options !== undefined) {
    return def.options.map(shapeIn).find((shape) => shape !== undefined);
  }
  return def?.shape;
}

function inside(schema: unknown, part: string | number): unknown {
  const def = definition(schema);
  if (def?.innerType !== undefined) return inside(def.innerType, part);
  if (def?.options !== undefined) {
    return def.options.map((option) => inside(option, part)).find((found) => found !== undefined);
  }
  return def?.shape?.[part] ?? def?.valueType ?? def?.element;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (at, part) => (typeof at === 'object' && at !== null ? (at as never)[part] : undefined),
    value,
  );
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

function named(expected: string): string {
  return NAMES[expected] ?? `a ${expected}`;
}

/** YAML reads some texts as something else; then quotes are what is missing. */
function yamlHint(issue: z.core.$ZodIssueInvalidType, whole: unknown, path: Path): string {
  const given = valueAt(whole, path);
  if (issue.expected === 'string' && typeof given !== 'object') {
    return `Put it into quotes: "${String(given)}".`;
  }
  if (given === null) return 'Give it a value, or remove the key.';
  return `Correct it; there is ${Array.isArray(given) ? 'a list' : named(typeof given)}.`;
}
