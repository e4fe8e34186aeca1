import * as z from 'zod';
import { isObject, type JsonObject, objectAt, stringAt } from '../core/json.ts';
import type { Tool } from './define.ts';

/**
 * The input schema as clients get it. What costs bytes and tells a model nothing is left out:
 * `$schema`, `additionalProperties` (an unknown argument is refused with the valid names), and how
 * long texts and lists and how large numbers may be (clients drop bounds; descriptions say them, and
 * what is out of bounds is refused with the limit). Of an object marked `brief` only the names of its
 * fields are told.
 */
export function inputSchemaOf(tool: Tool): { type: 'object' } & Record<string, unknown> {
  const schema = z.toJSONSchema(tool.input, { io: 'input', target: 'draft-7' });
  return { ...(lean(schema) as Record<string, unknown>), type: 'object' };
}

/** Marks an object whose fields speak for themselves: they are published by name alone. */
export const BRIEF = { brief: true } as const;

/** Says more of a parameter at a shell, where it costs no model anything. */
export function atShell(text: string): { shell: string } {
  return { shell: text };
}

/** The input schema with every field and bound, for the documentation and the command line. */
export function fullInputSchemaOf(tool: Tool): unknown {
  return z.toJSONSchema(tool.input, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema }) => {
      delete jsonSchema.brief;
    },
  });
}

/** The output schema, for the snapshots only. */
export function outputSchemaOf(tool: Tool): unknown {
  return lean(z.toJSONSchema(tool.output, { io: 'output', target: 'draft-7' }));
}

const BOUNDS = ['minLength', 'maxLength', 'minItems', 'maxItems', 'minimum', 'maximum'];

function lean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lean);
  if (typeof value !== 'object' || value === null) return value;
  if (isObject(value) && value.brief === true) return brief(value);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, item]) => !isDeadWeight(key, item))
      .map(([key, item]) => [key, lean(item)]),
  );
}

function brief(schema: JsonObject): object {
  const fields = Object.keys(objectAt(schema, 'properties') ?? {}).join(', ');
  const about = stringAt(schema, 'description')?.replace(/\.$/, ': ') ?? '';
  return { type: 'object', description: about + fields };
}

/** A parameter may have one of these names; then its value is a schema and no bound. */
function isDeadWeight(key: string, value: unknown): boolean {
  if (key === '$schema') return typeof value === 'string';
  if (key === 'additionalProperties') return value === false;
  if (key === 'shell') return typeof value === 'string';
  return BOUNDS.includes(key) && typeof value === 'number';
}
