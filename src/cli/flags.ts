import { parseArgs } from 'node:util';
import { CcError } from '../core/errors.ts';
import { arrayAt, isObject, objectAt, parseJson, stringAt } from '../core/json.ts';
import type { Tool } from '../tools/define.ts';
import { fullInputSchemaOf } from '../tools/schema.ts';

/** One command-line flag of a tool, derived from its input schema. */
export type Flag = {
  /** Kebab-case; a nested field is joined to its parent: `--scope-paths`. */
  name: string;
  path: readonly string[];
  type: 'string' | 'number' | 'boolean' | 'json';
  repeated: boolean;
  required: boolean;
  choices: readonly string[];
  description: string;
};

/** The flags of a tool. There is no second description of its parameters anywhere. */
export function flagsOf(tool: Tool): Flag[] {
  return fromObject(fullInputSchemaOf(tool), []);
}

function fromObject(schema: unknown, parents: readonly string[], about = ''): Flag[] {
  const required = arrayAt(schema, 'required');
  const flags: Flag[] = [];
  for (const [key, property] of Object.entries(objectAt(schema, 'properties') ?? {})) {
    const path = [...parents, key];
    if (isObject(property) && objectAt(property, 'properties') !== undefined) {
      flags.push(...fromObject(property, path, stringAt(property, 'description')));
      continue;
    }
    const repeated = stringAt(property, 'type') === 'array';
    const value = repeated ? objectAt(property, 'items') : property;
    flags.push({
      name: path.join('-').replaceAll('_', '-'),
      path,
      type: typeOf(stringAt(value, 'type')),
      repeated,
      required: parents.length === 0 && required.includes(key),
      choices: arrayAt(value, 'enum').filter((item) => typeof item === 'string'),
      description: stringAt(property, 'shell') ?? stringAt(property, 'description') ?? about,
    });
  }
  return flags;
}

function typeOf(type: string | undefined): Flag['type'] {
  if (type === 'boolean') return 'boolean';
  if (type === 'object') return 'json';
  return type === 'integer' || type === 'number' ? 'number' : 'string';
}

export type ParsedCommand = { input: Record<string, unknown>; json: boolean; help: boolean };

/**
 * The tool's input from a command line. Required parameters may stand without their flag, in order:
 * `poll-run <run id>`. `-` as the task reads standard input.
 */
export function parseCommand(
  tool: Tool,
  args: readonly string[],
  readStdin: () => string,
): ParsedCommand {
  const flags = flagsOf(tool);
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    allowNegative: true,
    options: {
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      ...Object.fromEntries(
        flags.map((flag) => [
          flag.name,
          {
            type: flag.type === 'boolean' ? 'boolean' : 'string',
            multiple: flag.repeated,
          } as const,
        ]),
      ),
    },
  });
  const input: Record<string, unknown> = {};
  for (const flag of flags) {
    const given = (values as Record<string, unknown>)[flag.name];
    if (given !== undefined) assign(input, flag.path, convert(flag, given, readStdin));
  }
  fillPositionals(flags, positionals, input, readStdin);
  return { input, json: values.json === true, help: values.help === true };
}

/** What people have at hand and write without its flag, also where it is optional. */
const AT_HAND: ReadonlySet<string> = new Set(['run-id', 'workflow-id', 'file']);

export function isPositional(flag: Flag): boolean {
  return flag.required || AT_HAND.has(flag.name);
}

/** No id of a workflow begins like this. */
const NODE_ID = /^(?!wf_)[A-Za-z][\w-]{0,63}$/;

function fillPositionals(
  flags: readonly Flag[],
  positionals: readonly string[],
  input: Record<string, unknown>,
  readStdin: () => string,
): void {
  const open = flags.filter(
    (flag) => isPositional(flag) && input[flag.path[0] ?? ''] === undefined,
  );
  for (const [index, text] of positionals.entries()) {
    const flag = open[index];
    if (flag === undefined) {
      throw new CcError('BAD_INPUT', `Unexpected argument: ${text.slice(0, 80)}`, {
        hint: `Flags: ${flags.map(({ name }) => `--${name}`).join(' ')}`,
      });
    }
    const takesNode = flags.some(({ name }) => name === 'node');
    if (flag.name === 'workflow-id' && takesNode && NODE_ID.test(text)) {
      throw new CcError('BAD_INPUT', `Not the id of a workflow: ${text}`, {
        hint: `A node is named with its flag: --node ${text}`,
      });
    }
    assign(input, flag.path, convert(flag, text, readStdin));
  }
}

function convert(flag: Flag, given: unknown, readStdin: () => string): unknown {
  if (Array.isArray(given))
    return given.map((item) => convert({ ...flag, repeated: false }, item, readStdin));
  // `Number` takes an empty text for 0; what is no number is refused by the tool's own schema.
  if (flag.type === 'json') return parseJson(String(given)) ?? given;
  if (flag.type === 'number') return String(given).trim() === '' ? Number.NaN : Number(given);
  return flag.name === 'task' && given === '-' ? readStdin() : given;
}

function assign(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const child = isObject(target[key]) ? { ...target[key] } : {};
  assign(child, rest, value);
  target[key] = child;
}
