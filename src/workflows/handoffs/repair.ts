import { oneLine } from '../../core/text.ts';
import type { Role } from '../../core/vocabulary.ts';
import { handoffFields, type Outputs } from './schemas.ts';
import type { HandoffProblem } from './validate.ts';

/** Asks the worker, in its own session, once, to hand over in the agreed form. */
export function repairPrompt(
  role: Role,
  problems: readonly HandoffProblem[],
  outputs: Outputs = {},
): string {
  const list = problems.map(({ field, problem }) =>
    field === ''
      ? `- ${oneLine(problem, 300)}`
      : `- ${oneLine(field, 100)}: ${oneLine(problem, 300)}`,
  );
  return [
    'Your work is done, but what you handed over cannot be used:',
    list.join('\n'),
    `Hand over again: one JSON object with ${handoffFields(role, outputs).join(', ')}. Change nothing else, use no tools, and say only what you know: an empty list is a good answer.`,
  ].join('\n\n');
}
