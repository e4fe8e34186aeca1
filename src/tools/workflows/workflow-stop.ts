import * as z from 'zod';
import { isOver } from '../../workflows/vocabulary.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';
import { askedOutput, loadCalls, workflowId } from './asked-instance.ts';

const WAIT_MS = 15_000;

export default defineTool({
  name: 'cc_workflow_stop',
  area: 'workflows',
  kind: 'destructive',
  summary:
    'Stop (cancel) a workflow and its runs; what it did is kept, cc_workflow_resume goes on.',
  input: z.strictObject({
    workflow_id: workflowId,
    reason: z.string().max(4000).optional(),
    cwd,
  }),
  output: z.object({ ...askedOutput, already_over: z.literal(true).optional() }),
  failed: ({ ok }) => ok !== true,
  handler: async ({ reason, ...asked }, context) => {
    const { askFor, briefly, readAsked, stopText, untilOver } = await loadCalls();
    const now = await readAsked(context, asked);
    if (isOver(now.instance.state)) {
      const text = `it was over: ${now.instance.state}`;
      return { ok: true, text, already_over: true as const, ...(await briefly(context, now)) };
    }
    const { answer } = await askFor(context, now, { kind: 'stop', text: reason });
    const then = await untilOver(context, now, WAIT_MS);
    const text = stopText(then.instance.state, answer.text);
    return { ...answer, text, ...(await briefly(context, then)) };
  },
});
