import * as z from 'zod';
import { compactEvents } from '../../runs/compact-events.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd, runId } from '../fields.ts';
import { MAX_RESULT_BYTES } from '../result.ts';

const DEFAULT_BYTES = 8000;

export default defineTool({
  name: 'cc_compact_events',
  area: 'runs',
  kind: 'read',
  summary:
    'Event log of a run as short text since a cursor: one line per thing that happened, repeats folded.',
  format: 'text',
  input: z.strictObject({
    run_id: runId,
    cursor: z.string().max(64).optional().describe('From the first line of the last answer.'),
    max_bytes: z.int().min(1000).max(MAX_RESULT_BYTES).optional().describe('Default 8000.'),
    cwd,
  }),
  output: z.object({ text: z.string() }),
  maxBytes: MAX_RESULT_BYTES,
  handler: async (input, context) => {
    const run = await askedRun(context, input);
    return { text: compactEvents(run, input.cursor, input.max_bytes ?? DEFAULT_BYTES) };
  },
});
