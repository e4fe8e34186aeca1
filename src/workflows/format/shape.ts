import type * as z from 'zod';
import { arrayAt, isObject, type JsonObject, stringAt } from '../../core/json.ts';
import { LIMITS } from '../limits.ts';
import { NODE_KINDS } from '../vocabulary.ts';
import { type WorkflowFile, workflowFile } from './file.ts';
import { type RawNode, rawNode } from './nodes.ts';
import { type Path, suggestion } from './problems.ts';
import type { Source } from './source.ts';

/** What a file says, its types checked. */
export type Shape = Omit<WorkflowFile, 'nodes'> & {
  nodes: ReadonlyMap<string, RawNode>;
  /** Nodes that are not well formed: only what they need is known of them. */
  broken: ReadonlySet<string>;
  /** Keys of the file itself that are not well formed and were left out. */
  dropped: ReadonlySet<string>;
};

const head = workflowFile.omit({ nodes: true });

/**
 * The file with its types checked. A part that is not well formed is told and left out, so that
 * everything else can still be checked at the same time.
 */
export function shapeOf(source: Source): Shape | undefined {
  const { value } = source;
  if (value === undefined) return undefined;
  if (!isObject(value)) {
    source.add('wrong_type', [], 'a workflow is a map with nodes', {
      fix: 'Begin with schema_version: 1, id and nodes.',
    });
    return undefined;
  }
  const { nodes, ...rest } = value;
  const { top, dropped } = topOf(source, rest, value);
  if (!isObject(nodes)) {
    if (nodes === undefined) source.add('no_nodes', [], 'there are no nodes');
    else source.add('wrong_type', ['nodes'], 'must be a map of ids and nodes', { at: 'key' });
    return undefined;
  }
  const entries = Object.entries(nodes);
  if (entries.length === 0) source.add('no_nodes', ['nodes'], 'there are no nodes');
  if (entries.length > LIMITS.nodes) {
    const message = `there are ${entries.length} nodes, at most ${LIMITS.nodes} are run`;
    source.add('too_large', ['nodes'], message, { at: 'key' });
    return undefined;
  }
  return { ...top, dropped, ...nodesOf(source, entries, value) };
}

function topOf(source: Source, rest: JsonObject, whole: unknown) {
  const parsed = head.safeParse(rest);
  const issues = parsed.error?.issues ?? [];
  for (const issue of issues) report(source, issue, [], whole);
  const names = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [issue.path[0]],
  );
  const dropped = new Set(names.map(String));
  const kept = Object.fromEntries(Object.entries(rest).filter(([key]) => !dropped.has(key)));
  return { top: parsed.data ?? head.parse(kept), dropped };
}

function nodesOf(source: Source, entries: readonly [string, unknown][], whole: unknown) {
  const nodes = new Map<string, RawNode>();
  const broken = new Set<string>();
  for (const [id, value] of entries) {
    const parsed = rawNode.safeParse(value);
    if (parsed.success) {
      nodes.set(id, parsed.data);
      continue;
    }
    broken.add(id);
    nodes.set(id, { type: 'gate', needs: textsAt(value, 'needs') });
    for (const issue of parsed.error.issues) report(source, issue, ['nodes', id], whole);
  }
  return { nodes, broken };
}

function textsAt(value: unknown, key: string): string[] {
  const one = stringAt(value, key);
  const many = arrayAt(value, key).filter((item) => typeof item === 'string');
  return one === undefined ? many : [one];
}

function report(source: Source, issue: z.core.$ZodIssue, base: Path, whole: unknown): void {
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
      const branch = branchOf(issue);
      if (branch !== undefined) {
        for (const inner of branch) report(source, inner, path, whole);
        return;
      }
      break;
    }
    case 'invalid_type':
      if (valueAt(whole, path) === undefined) {
        const name = String(path.at(-1));
        const fix = name === 'role' ? 'Name a role, e.g. implementation.' : undefined;
        const message = `${name} is missing`;
        source.add('missing_key', path.slice(0, -1), message, { at: 'key', ...(fix && { fix }) });
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
  const code = issue.code === 'invalid_union' ? 'wrong_type' : 'wrong_value';
  source.add(code, path, issue.message.replace(/\.$/, ''));
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
  const hint = suggestion(key, known);
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
