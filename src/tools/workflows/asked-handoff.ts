import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { objectAt, parseJson } from '../../core/json.ts';
import type { Role } from '../../core/vocabulary.ts';
import { findRun } from '../../runs/find.ts';
import type { HandoffProblem } from '../../workflows/handoffs/validate.ts';
import { validateHandoff } from '../../workflows/handoffs/validate.ts';
import type { ToolContext } from '../define.ts';
import { role } from '../fields.ts';
import { BRIEF } from '../schema.ts';

/** Which handoff: that of a run, or one that is passed. */
export const handoffInput = {
  run_id: z.string().max(64).optional().describe('Run id.'),
  handoff: z.record(z.string(), z.unknown()).optional().describe('In place of a run.').meta(BRIEF),
  role: role.describe('Default: that of the run.'),
};

type Asked = {
  run_id?: string | undefined;
  handoff?: Record<string, unknown> | undefined;
  role?: Role | undefined;
};

export type AskedHandoff = { role: Role; problems: HandoffProblem[] };

export async function askedHandoff(asked: Asked, context: ToolContext): Promise<AskedHandoff> {
  const { run_id, handoff, role } = asked;
  if ((run_id === undefined) === (handoff === undefined)) {
    throw new CcError('BAD_INPUT', 'Which handoff? Pass either run_id or handoff.', {
      hint: 'handoff: the JSON object itself, with role.',
    });
  }
  if (run_id === undefined) {
    if (role !== undefined) return checked(role, handoff);
    throw new CcError('BAD_INPUT', 'Of which role? A handoff that is passed needs role.', {
      hint: 'E.g. role: review.',
    });
  }
  const place = await context.place(undefined).catch(() => undefined);
  const { record, paths } = await findRun(context.host, run_id, place?.workspace);
  // A run without a structured answer has no such file.
  const text = await readFile(paths.output, 'utf8').catch(() => undefined);
  return checked(role ?? record.role, objectAt(parseJson(text ?? ''), 'output'));
}

function checked(role: Role, value: unknown): AskedHandoff {
  if (value === undefined) {
    return { role, problems: [{ field: '', problem: 'the run has no structured answer' }] };
  }
  const result = validateHandoff(role, value);
  return { role, problems: result.ok ? [] : result.problems };
}
