import * as z from 'zod';
import { compact } from '../../core/json.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';
import { askedOutput, loadCalls, workflowId } from './asked-instance.ts';

export default defineTool({
  name: 'cc_workflow_resume',
  area: 'workflows',
  kind: 'launch',
  summary: 'Resume (continue) a workflow that ended: does again what did not succeed.',
  input: z.strictObject({
    workflow_id: workflowId,
    max_usd: z.number().positive().optional().describe('New budget, in all.'),
    max_tokens: z.int().min(1).optional(),
    max_runs: z.int().min(1).optional(),
    cwd,
  }),
  output: z.object(askedOutput),
  failed: ({ ok }) => ok !== true,
  handler: async ({ max_usd, max_tokens, max_runs, ...asked }, context) => {
    const { askedInstance, askFor } = await loadCalls();
    const limits = compact({ max_usd, max_tokens, max_runs });
    const found = await askedInstance(context, asked);
    return (await askFor(context, found, { kind: 'resume', limits })).answer;
  },
});
