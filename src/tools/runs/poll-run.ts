import * as z from 'zod';
import { pollResult, pollRun } from '../../runs/poll.ts';
import { defineTool } from '../define.ts';
import { cwd, runId } from '../fields.ts';

export default defineTool({
  name: 'cc_poll_run',
  area: 'runs',
  kind: 'read',
  core: true,
  summary: 'Compact progress of one run since a cursor: check what a worker is doing now.',
  input: z.strictObject({
    run_id: runId,
    cursor: z.string().max(64).optional().describe('Cursor of the previous poll.'),
    cwd,
  }),
  output: pollResult,
  maxBytes: 6000,
  handler: async (input, context) => {
    const near = input.cwd === undefined ? undefined : (await context.place(input.cwd)).workspace;
    return pollRun(context.host, near, input.run_id, input.cursor);
  },
});
