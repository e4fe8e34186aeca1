import * as z from 'zod';
import { CcError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import { byteLength } from '../core/text.ts';
import { withClaims } from './claims-schema.ts';

/** It travels as one argument of the worker's command line, of which Windows takes 32 kB in all. */
const MAX_BYTES = 16_000;

/**
 * The JSON Schema an answer has to satisfy, checked before anything starts: the worker CLI would end
 * with exit code 1 on a bad one (claude-code-cli.md §7). The answer is the input of a tool, so it is an
 * object.
 */
export function requireOutputSchema(asked: JsonObject | undefined): JsonObject | undefined {
  if (asked === undefined) return undefined;
  const schema = withClaims(asked);
  if (schema.type !== 'object') {
    throw unusable('the answer must be an object', 'Begin it with {"type": "object", …}.');
  }
  const bytes = byteLength(JSON.stringify(schema));
  if (bytes > MAX_BYTES) {
    throw unusable(`it has ${bytes} bytes`, `Keep it below ${MAX_BYTES} bytes.`);
  }
  try {
    z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw unusable(reason.slice(0, 200), 'Pass a JSON Schema of draft 7 or 2020-12.');
  }
  return schema;
}

function unusable(what: string, hint: string): CcError {
  return new CcError('BAD_INPUT', `output_schema cannot be used: ${what}.`, { hint });
}
