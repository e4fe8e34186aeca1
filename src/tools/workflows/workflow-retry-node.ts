import * as z from 'zod';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';
import { askedOutput, loadCalls, nodeId, workflowId } from './asked-instance.ts';

/** Ids that are named; the count is of all. */
const NAMED = 50;

export default defineTool({
  name: 'cc_workflow_retry_node',
  area: 'workflows',
  kind: 'destructive',
  summary:
    'Take a node of a workflow back, with all that came of it; once over, resume re-runs them.',
  input: z.strictObject({
    node: nodeId,
    reason: z.string().max(4000).optional().describe('Told to the worker.'),
    workflow_id: workflowId,
    cwd,
  }),
  output: z.object({
    ...askedOutput,
    /** What has to be done again; its earlier results are stale and count for nothing. */
    invalidated: z.array(z.string()),
    invalidated_count: z.number(),
  }),
  failed: ({ ok }) => ok !== true,
  handler: async ({ node, reason, ...asked }, context) => {
    const { askFor, readAsked, requireNode } = await loadCalls();
    const before = await readAsked(context, asked);
    requireNode(before, node);
    const { now, answer } = await askFor(context, before, {
      kind: 'retry_node',
      node,
      text: reason,
    });
    const taken = now.instance.nodes.flatMap(({ id, round }, index) =>
      round > (before.instance.nodes[index]?.round ?? round) ? [id] : [],
    );
    return { ...answer, invalidated: taken.slice(0, NAMED), invalidated_count: taken.length };
  },
});
