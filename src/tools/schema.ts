import * as z from 'zod';
import type { Tool } from './define.ts';

/**
 * The input schema as clients get it. What costs bytes and tells a model nothing is left out:
 * `$schema`, `additionalProperties` (an unknown argument is refused with the valid names), and how
 * long texts and lists and how large numbers may be (clients drop bounds; descriptions say them, and
 * what is out of bounds is refused with the limit).
 */
export function inputSchemaOf(tool: Tool): { type: 'object' } & Record<string, unknown> {
  return { ...(lean(fullInputSchemaOf(tool)) as Record<string, unknown>), type: 'object' };
}

/** The input schema with every bound, for the documentation. */
export function fullInputSchemaOf(tool: Tool): unknown {
  return z.toJSONSchema(tool.input, { io: 'input', target: 'draft-7' });
}

/** The output schema, for the snapshots only. */
export function outputSchemaOf(tool: Tool): unknown {
  return lean(z.toJSONSchema(tool.output, { io: 'output', target: 'draft-7' }));
}

const BOUNDS = ['minLength', 'maxLength', 'minItems', 'maxItems', 'minimum', 'maximum'];

function lean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lean);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, item]) => !isDeadWeight(key, item))
      .map(([key, item]) => [key, lean(item)]),
  );
}

/** A parameter may have one of these names; then its value is a schema and no bound. */
function isDeadWeight(key: string, value: unknown): boolean {
  if (key === '$schema') return typeof value === 'string';
  if (key === 'additionalProperties') return value === false;
  return BOUNDS.includes(key) && typeof value === 'number';
}
