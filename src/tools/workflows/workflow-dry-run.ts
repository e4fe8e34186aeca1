import * as z from 'zod';
import { compact } from '../../core/json.ts';
import { lazy } from '../../core/lazy.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';
import { askedWorkflow, problemShape, problemsOf, workflowInput } from './asked-workflow.ts';
import { nodeRoute, routesOf } from './node-routes.ts';

const loadDryRun = /* @__PURE__ */ lazy(() => import('../../workflows/dry-run.ts'));

const NAMED = 20;

const amount = z.object({ usd: z.number().nullable(), tokens: z.number().nullable() });

export default defineTool({
  name: 'cc_workflow_dry_run',
  area: 'workflows',
  kind: 'read',
  title: 'Dry run of a workflow',
  summary:
    'Dry run of a workflow file: batches, profile and model of each node, most it can cost. Starts nothing.',
  input: z.strictObject({ ...workflowInput, cwd }),
  output: z.object({
    ok: z.boolean(),
    errors: z.array(problemShape).optional(),
    /** Nodes that could not start now; why stands with their route. */
    unroutable: z.array(z.string()).optional(),
    workflow: z.string().optional(),
    batches: z.array(z.array(z.string())).optional(),
    fan_in: z.record(z.string(), z.number()).optional(),
    fan_out: z.record(z.string(), z.number()).optional(),
    runs: z.object({ once: z.number(), at_most: z.number() }).optional(),
    longest: z.object({ nodes: z.array(z.string()), seconds: z.number() }).optional(),
    ceiling: z
      .object({
        budget: z.record(z.string(), z.number()),
        once: amount,
        at_most: amount,
        uncapped: z.array(z.string()),
      })
      .optional(),
    /** Nodes by the route they would take now. */
    routes: z.array(nodeRoute).optional(),
  }),
  maxBytes: 16_000,
  failed: ({ ok }) => ok !== true,
  handler: async (input, { host, place }) => {
    const { plan, problems } = await askedWorkflow(input, await place(input.cwd));
    if (plan === undefined) return { ok: false, errors: problemsOf(problems, 'error') };
    const { dryRun, agentsOf } = await loadDryRun();
    const agents = agentsOf(plan).map(({ node }) => node);
    const { routes, policy } = await routesOf(host, agents);
    const { wall_seconds, max_usd, max_tokens } = policy.budget;
    const defaults = { wall_seconds, ...compact({ max_usd, max_tokens }) };
    const { ceiling, ...rest } = dryRun(plan, defaults);
    const lost = routes.flatMap(({ error, nodes }) => (error === undefined ? [] : nodes));
    return {
      ok: true,
      ...(lost.length === 0 ? {} : { unroutable: lost.slice(0, NAMED) }),
      workflow: plan.id,
      ...rest,
      ceiling: { ...ceiling, budget: compact({ ...ceiling.budget }) },
      routes,
    };
  },
});
