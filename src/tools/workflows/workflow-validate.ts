import * as z from 'zod';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';
import { askedWorkflow, problemShape, problemsOf, workflowInput } from './asked-workflow.ts';

export default defineTool({
  name: 'cc_workflow_validate',
  area: 'workflows',
  kind: 'read',
  title: 'Validate a workflow',
  summary: 'Check a workflow file: all errors at once, each with line, path and fix.',
  input: z.strictObject({ ...workflowInput, cwd }),
  output: z.object({
    ok: z.boolean(),
    workflow: z.string().optional(),
    nodes: z.number().optional(),
    errors: z.array(problemShape),
    warnings: z.array(problemShape),
  }),
  maxBytes: 16_000,
  failed: ({ ok }) => ok !== true,
  handler: async (input, { place }) => {
    const { plan, problems } = await askedWorkflow(input, await place(input.cwd));
    return {
      ok: plan !== undefined,
      ...(plan === undefined ? {} : { workflow: plan.id, nodes: plan.nodes.length }),
      errors: problemsOf(problems, 'error'),
      warnings: problemsOf(problems, 'warning'),
    };
  },
});
