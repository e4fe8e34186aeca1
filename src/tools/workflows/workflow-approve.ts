import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';
import { atShell } from '../schema.ts';
import { askedOutput, loadCalls, nodeId, workflowId } from './asked-instance.ts';

export default defineTool({
  name: 'cc_workflow_approve',
  area: 'workflows',
  kind: 'launch',
  summary: 'Approve or reject what a workflow waits for; without node: list what waits.',
  input: z.strictObject({
    node: nodeId.optional().meta(atShell('What waits for a decision; without it that is listed.')),
    round: z.int().min(1).optional().meta(atShell('Only if it asks in this round of the node.')),
    approve: z.boolean().optional().meta(atShell('Approve it; --no-approve rejects it.')),
    comment: z.string().max(4000).optional().meta(atShell('Why; it goes on record.')),
    workflow_id: workflowId,
    cwd,
  }),
  output: z.object(askedOutput),
  failed: ({ ok }) => ok !== true,
  handler: async ({ node, round, approve, comment, ...asked }, context) => {
    const { askFor, briefly, readAsked, requireNode } = await loadCalls();
    const now = await readAsked(context, asked);
    const brief = await briefly(context, now);
    const waits = brief.waits ?? [];
    if (node === undefined && approve === undefined) {
      const text =
        waits.length === 0 ? 'nothing waits for a decision' : 'this waits for a decision';
      return { ok: true, text, ...brief };
    }
    if (node === undefined || approve === undefined) {
      const missing = node === undefined ? 'Which one? Pass node.' : 'Pass approve: true or false.';
      throw new CcError('BAD_INPUT', missing, { hint: waitsHint(waits) });
    }
    requireNode(now, node);
    const decision = approve ? 'approved' : 'rejected';
    const said = { kind: 'approve', node, round, decision, comment } as const;
    return (await askFor(context, now, said)).answer;
  },
});

function waitsHint(waits: readonly { node: string }[]): string {
  if (waits.length === 0) return 'Nothing waits for a decision now.';
  return `What waits for a decision: ${waits.map(({ node }) => node).join(', ')}.`;
}
