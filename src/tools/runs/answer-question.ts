import * as z from 'zod';
import { answerQuestion, parseQuestionId } from '../../runs/questions.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

export default defineTool({
  name: 'cc_answer_question',
  area: 'runs',
  kind: 'write',
  title: 'Answer a question',
  summary: "Answer a worker's question, or allow or deny what it wants to do.",
  input: z.strictObject({
    question: z.string().max(80).describe('Question id.'),
    answers: z.array(z.string().max(4000)).max(8).optional().describe('One per question it asks.'),
    allow: z.boolean().optional().describe('Yes or no to a permission request.'),
    message: z.string().max(4000).optional().describe('Told to the worker.'),
    cwd,
  }),
  output: z.object({
    question: z.string(),
    answered: z.boolean(),
    request_id: z.string().optional(),
  }),
  failed: ({ answered }) => answered !== true,
  handler: async (input, context) => {
    const { runId, number } = parseQuestionId(input.question);
    const run = await askedRun(context, { run_id: runId, cwd: input.cwd });
    const answered = await answerQuestion(context.host, run, number, input, {
      from: context.client.name,
      signal: context.signal,
    });
    return { question: input.question, ...answered };
  },
});
