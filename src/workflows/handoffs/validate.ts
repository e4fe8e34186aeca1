import type * as z from 'zod';
import { isObject, type JsonObject } from '../../core/json.ts';
import { byteLength } from '../../core/text.ts';
import type { Role } from '../../core/vocabulary.ts';
import { pathText } from '../format/problems.ts';
import { HANDOFF_BYTES } from '../limits.ts';
import { handoffSchema, type Outputs } from './schemas.ts';

export type HandoffProblem = { field: string; problem: string };
export type CheckedHandoff =
  | { ok: true; handoff: JsonObject }
  | { ok: false; problems: HandoffProblem[] };

const SHOWN = 20;

/** Checks what a worker handed on: the fields of its role, their types, and the size. */
export function validateHandoff(role: Role, value: unknown, outputs: Outputs = {}): CheckedHandoff {
  if (!isObject(value)) return failed([{ field: '', problem: 'it is not a JSON object' }]);
  const bytes = byteLength(JSON.stringify(value));
  if (bytes > HANDOFF_BYTES) {
    return failed([
      { field: '', problem: `it has ${bytes} bytes; at most ${HANDOFF_BYTES} are passed on` },
    ]);
  }
  const parsed = handoffSchema(role, outputs).safeParse(value);
  if (parsed.success) return { ok: true, handoff: parsed.data };
  return failed(parsed.error.issues.map((issue) => problemOf(issue, value)));
}

function failed(problems: HandoffProblem[]): CheckedHandoff {
  return { ok: false, problems: problems.slice(0, SHOWN) };
}

function problemOf(issue: z.core.$ZodIssue, value: JsonObject): HandoffProblem {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  const [top] = path;
  const isMissing = path.length === 1 && !Object.hasOwn(value, String(top));
  return { field: pathText(path), problem: isMissing ? 'it is missing' : issue.message };
}
