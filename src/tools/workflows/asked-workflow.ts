import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { lazy } from '../../core/lazy.ts';
import type { Profile } from '../../profiles/profile.ts';
import type { Problem } from '../../workflows/format/problems.ts';
import type { Loaded } from '../../workflows/load.ts';
import type { Place } from '../../workspace/resolve.ts';

const loadFile = /* @__PURE__ */ lazy(() => import('../../workflows/read-file.ts'));
const loadText = /* @__PURE__ */ lazy(() => import('../../workflows/load.ts'));

/** Twice the largest file that is read, so that the answer to one that is too large is the usual one. */
const TEXT_CHARS = 2 << 20;

/** Which workflow: a file of the project, or its text. */
export const workflowInput = {
  file: z.string().min(1).max(4096).optional().describe('Workflow file.'),
  text: z.string().max(TEXT_CHARS).optional().describe('Its YAML, in place of a file.'),
};

/** `profiles`: those there are, where real workers are to start. */
export async function askedWorkflow(
  { file, text }: { file?: string | undefined; text?: string | undefined },
  { workspace: { root }, cwd }: Place,
  profiles?: readonly Profile[],
): Promise<Loaded> {
  if ((file === undefined) === (text === undefined)) {
    throw new CcError('BAD_INPUT', 'Which workflow? Pass either file or text.', {
      hint: 'file: a path in the project, e.g. workflows/safe-refactor.yaml.',
    });
  }
  const around = { root, cwd, profiles };
  if (file !== undefined) return (await loadFile()).loadWorkflowFile(around, file);
  return (await loadText()).loadWorkflow('workflow.yaml', text ?? '', undefined, around);
}

export const problemShape = z.object({
  file: z.string(),
  line: z.number(),
  column: z.number(),
  path: z.string(),
  code: z.string(),
  message: z.string(),
  fix: z.string(),
});

export function problemsOf(problems: readonly Problem[], wanted: Problem['level']) {
  return problems.flatMap(({ level, ...problem }) => (level === wanted ? [problem] : []));
}
