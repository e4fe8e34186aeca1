import * as z from 'zod';
import { isObject } from '../core/json.ts';
import type { CheckSpec } from '../routing/benchmark-task.ts';
import type { Found, Grading } from './grading.ts';

/** There is a structured answer, and it is what was asked for. */
export function checkFormat({ task, answer }: Grading): Found {
  if (!isObject(answer.output)) return { value: 0, detail: 'there is no structured answer' };
  const schema = (task.output_schema ?? {}) as Parameters<typeof z.fromJSONSchema>[0];
  const { error } = z.fromJSONSchema(schema).safeParse(answer.output);
  if (error !== undefined) return { value: 0, detail: z.prettifyError(error) };
  return { value: 1, detail: 'satisfies the schema' };
}

/** The share of the fields that are right. */
export function checkFields(
  spec: Extract<CheckSpec, { kind: 'fields' }>,
  { answer }: Grading,
): Found {
  const given = isObject(answer.output) ? answer.output : {};
  const fields = Object.entries(spec.expect);
  const wrong = fields.filter(([name, truth]) => !equalAnswers(truth, given[name]));
  return {
    value: (fields.length - wrong.length) / Math.max(1, fields.length),
    detail: wrong.length === 0 ? 'all right' : `wrong: ${wrong.map(([name]) => name).join(', ')}`,
  };
}

/** Spelling does not count: case, blanks around, and the order of a list. */
export function equalAnswers(truth: unknown, given: unknown): boolean {
  if (Array.isArray(truth)) {
    if (!Array.isArray(given) || given.length !== truth.length) return false;
    const rest = [...given];
    return truth.every((item) => {
      const at = rest.findIndex((other) => equalAnswers(item, other));
      if (at >= 0) rest.splice(at, 1);
      return at >= 0;
    });
  }
  if (typeof truth === 'string' && typeof given === 'string') return plain(truth) === plain(given);
  if (typeof truth === 'number' && typeof given === 'number') {
    return Math.abs(truth - given) <= Math.abs(truth) * TOLERANCE;
  }
  return truth === given;
}

const TOLERANCE = 1e-6;

function plain(text: string): string {
  return text.trim().toLowerCase().replace(/\s+/g, ' ');
}
