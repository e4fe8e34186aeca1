import * as z from 'zod';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';
import { loadCalls, workflowId } from './asked-instance.ts';

export default defineTool({
  name: 'cc_workflow_report',
  area: 'workflows',
  kind: 'read',
  summary: 'Report of a workflow: every decision in order, costs, what is not known.',
  input: z.strictObject({
    workflow_id: workflowId,
    full: z.boolean().optional().describe('All of it, not only the latest.'),
    cwd,
  }),
  output: z.object({
    workflow_id: z.string(),
    state: z.string(),
    /** The whole report; null where it could not be written. */
    file: z.string().nullable(),
    /** Markdown. */
    text: z.string(),
    /** Bytes of `text` that were left out. */
    left_out: z.number().optional(),
  }),
  maxBytes: 40_000,
  handler: async (input, context) => (await loadCalls()).reportFor(context, input),
});
