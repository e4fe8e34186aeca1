import * as z from 'zod';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';
import { loadCalls, nextCall, waiting, workflowId } from './asked-instance.ts';

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
  output: z.object({
    workflow_id: z.string(),
    workflow: z.string(),
    mock: z.literal(true).optional(),
    state: z.string(),
    reason: z.string(),
    elapsed_s: z.number(),
    round: z.number(),
    progress: z.record(z.string(), z.number()),
    running: z
      .array(
        z.object({
          task: z.string(),
          phase: z.string(),
          for_s: z.number().optional(),
          run_id: z.string().optional(),
          model: z.string().optional(),
        }),
      )
      .optional(),
    waits: z.array(waiting).optional(),
    retrying: z.array(z.object({ task: z.string(), at: z.string(), why: z.string() })).optional(),
    failures: z
      .array(
        z.object({
          node: z.string(),
          state: z.string(),
          code: z.string(),
          why: z.string(),
          /** The file lets it fail. */
          allowed: z.literal(true).optional(),
        }),
      )
      .optional(),
    /** Ids by state; with `since` only of what changed. */
    nodes: z.record(z.string(), z.array(z.string())),
    /** How many entries lists leave out, e.g. `nodes.pending`. */
    more: z.record(z.string(), z.number()).optional(),
    cost: z.object({
      usd: z.number().nullable(),
      at_least: z.literal(true).optional(),
      tokens: z.number(),
      runs: z.number(),
    }),
    budget: z.record(z.string(), z.number()).optional(),
    next: nextCall,
    cursor: z.string(),
    folder: z.string(),
    broken: z.string().optional(),
    unsupervised: z.string().optional(),
    /** Other workflows of the project that go on. */
    others: z.array(z.string()).optional(),
  }),
  handler: async (input, context) => (await loadCalls()).statusFor(context, input),
});
