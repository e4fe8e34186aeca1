import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { findRun } from '../../runs/find.ts';
import { lastRunId } from '../../runs/last.ts';
import { lookAt, runView, viewOf } from '../../runs/view.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';
import { readAnswer } from './answer.ts';

export default defineTool({
  name: 'cc_last_run',
  area: 'runs',
  kind: 'read',
  core: true,
  title: 'Get the result of a run: read its answer, output',
  summary: 'Result of the last run (of this thread, else of the project): state, answer, cost.',
  input: z.strictObject({
    run_id: z.string().max(64).optional().describe('Another run instead of the last.'),
    include_output: z.boolean().optional().describe('With its answer; default true.'),
    cwd,
  }),
  output: runView.extend({
    last_of: z.enum(['thread', 'workspace', 'run_id']),
    answer: z.string().optional(),
  }),
  handler: async (input, context) => {
    const { host, client } = context;
    const { workspace } =
      input.run_id === undefined || input.cwd !== undefined
        ? await context.place(input.cwd)
        : { workspace: undefined };
    const last =
      input.run_id !== undefined || workspace === undefined
        ? { runId: input.run_id ?? '', of: 'run_id' as const }
        : await lastRunId(workspace, client.threadId);
    if (last === undefined) {
      throw new CcError('RUN_NOT_FOUND', 'No run has been started in this project yet.', {
        hint: 'Start one with cc_run_agent or cc_run_streaming_agent.',
      });
    }
    const run = await findRun(host, last.runId, workspace);
    return {
      last_of: last.of,
      ...viewOf(await lookAt(host, run), { whole: true, folder: true }),
      ...(input.include_output === false ? {} : { answer: await readAnswer(run.paths) }),
    };
  },
});
