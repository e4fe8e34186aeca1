import * as z from 'zod';
import { defineTool } from '../define.ts';
import { askedHandoff, handoffInput } from './asked-handoff.ts';

export default defineTool({
  name: 'cc_handoff_validate',
  area: 'workflows',
  kind: 'read',
  summary: 'Check the handoff of a run (or one passed) against the form of its role.',
  input: z.strictObject(handoffInput),
  output: z.object({
    ok: z.boolean(),
    role: z.string(),
    problems: z.array(z.object({ field: z.string(), problem: z.string() })),
  }),
  failed: ({ ok }) => ok !== true,
  handler: async (input, context) => {
    const { role, problems } = await askedHandoff(input, context);
    return { ok: problems.length === 0, role, problems };
  },
});
