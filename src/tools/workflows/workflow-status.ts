import * as z from 'zod';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';
import { loadCalls, workflowId } from './asked-instance.ts';
import { workflowStatusShape } from './status-shape.ts';

export default defineTool({
  name: 'cc_workflow_status',
  area: 'workflows',
  kind: 'read',
  summary: 'Status of a workflow: what runs, waits, failed, cost, next call; or wait for news.',
  input: z.strictObject({
    workflow_id: workflowId,
    since: z.string().max(40).optional().describe('Cursor: only what changed.'),
    wait_seconds: z.int().min(0).max(240).optional(),
    cwd,
  }),
  output: workflowStatusShape.extend({
    folder: z.string(),
    broken: z.string().optional(),
    /** Why nothing happens any more, where that can be seen. */
    stalled: z.string().optional(),
    unsupervised: z.string().optional(),
    /** Other workflows of the project that go on. */
    others: z.array(z.string()).optional(),
  }),
  failed: ({ broken }) => broken !== undefined,
  handler: async (input, context) => (await loadCalls()).statusFor(context, input),
});
