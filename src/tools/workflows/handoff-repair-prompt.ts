import * as z from 'zod';
import { repairPrompt } from '../../workflows/handoffs/repair.ts';
import { defineTool } from '../define.ts';
import { askedHandoff, handoffInput } from './asked-handoff.ts';

export default defineTool({
  name: 'cc_handoff_repair_prompt',
  area: 'workflows',
  kind: 'read',
  summary: 'Instruction that asks a worker to hand over again in the form of its role.',
  input: z.strictObject(handoffInput),
  output: z.object({ needed: z.boolean(), prompt: z.string().optional() }),
  handler: async (input, context) => {
    const { role, problems } = await askedHandoff(input, context);
    if (problems.length === 0) return { needed: false };
    return { needed: true, prompt: repairPrompt(role, problems) };
  },
});
