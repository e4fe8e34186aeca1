import * as z from 'zod';
import { pollResult, pollRun } from '../../runs/poll.ts';
import { pollRaw, rawPage } from '../../runs/poll-raw.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd, runId } from '../fields.ts';
import { MAX_RESULT_BYTES } from '../result.ts';

/** Room for state, id and cursor beside the events. */
const FRAME_BYTES = 1000;
const DEFAULT_BYTES = 8000;

export default defineTool({
  name: 'cc_poll_run',
  area: 'runs',
  kind: 'read',
  core: true,
  title: 'Check the progress of a run',
  summary: 'Compact progress of one run since a cursor: check what it is doing now.',
  input: z.strictObject({
    run_id: runId,
    cursor: z.string().max(64).optional().describe('Cursor of the previous poll.'),
    mode: z.enum(['controller', 'raw']).optional().describe('News (default), or the raw events.'),
    max_bytes: z
      .int()
      .min(1000)
      .max(MAX_RESULT_BYTES - FRAME_BYTES)
      .optional()
      .describe('Of raw events, default 8000.'),
    cwd,
  }),
  output: pollResult.extend(rawPage.pick({ events: true }).partial().shape),
  maxBytes: MAX_RESULT_BYTES,
  handler: async (input, context) => {
    if (input.mode === 'raw') {
      const run = await askedRun(context, input);
      return pollRaw(context.host, run, input.cursor, input.max_bytes ?? DEFAULT_BYTES);
    }
    const near = input.cwd === undefined ? undefined : (await context.place(input.cwd)).workspace;
    return pollRun(context.host, near, input.run_id, input.cursor);
  },
});
