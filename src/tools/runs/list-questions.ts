import * as z from 'zod';
import { activeRuns } from '../../runs/list.ts';
import { openQuestions } from '../../runs/questions.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

export default defineTool({
  name: 'cc_list_questions',
  area: 'runs',
  kind: 'read',
  title: 'List open questions',
  summary: 'Questions and permission requests of workers waiting for your answer.',
  input: z.strictObject({
    run_id: z.string().max(64).optional().describe('Default: all active runs of the project.'),
    cwd,
  }),
  output: z.object({
    questions: z.array(
      z.object({
        question: z.string(),
        kind: z.string(),
        title: z.string(),
        text: z.string(),
        options: z.array(z.array(z.string())).optional(),
        asked: z.string(),
      }),
    ),
  }),
  handler: async (input, context) => {
    const runs =
      input.run_id === undefined
        ? await activeRuns((await context.place(input.cwd)).workspace)
        : [await askedRun(context, { run_id: input.run_id, cwd: input.cwd })];
    return { questions: await openQuestions(context.host, runs) };
  },
});
