import * as z from 'zod';
import { ROLES } from '../../core/vocabulary.ts';
import { handoffTemplate } from '../../workflows/handoffs/template.ts';
import { defineTool } from '../define.ts';
import { role } from '../fields.ts';

export default defineTool({
  name: 'cc_handoff_template',
  area: 'workflows',
  kind: 'read',
  summary: 'Handoff form of a role: JSON Schema (for output_schema) and a filled-in example.',
  input: z.strictObject({
    role: role.unwrap().describe(`One of ${ROLES.length} roles, e.g. review.`),
  }),
  output: z.object({
    role: z.string(),
    schema: z.record(z.string(), z.unknown()),
    example: z.record(z.string(), z.unknown()),
  }),
  handler: async (input) => handoffTemplate(input.role),
});
