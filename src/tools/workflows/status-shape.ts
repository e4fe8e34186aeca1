import * as z from 'zod';

const entry = z.record(z.string(), z.unknown());

/** How a workflow stands (workflows/views/status.ts). */
export const workflowStatusShape = z.object({
  workflow_id: z.string(),
  workflow: z.string(),
  mock: z.literal(true).optional(),
  state: z.string(),
  reason: z.string(),
  elapsed_s: z.number(),
  round: z.number(),
  progress: z.record(z.string(), z.number()),
  running: z.array(entry).optional(),
  waits: z.array(entry).optional(),
  retrying: z.array(entry).optional(),
  failures: z.array(entry).optional(),
  nodes: z.record(z.string(), z.array(z.string())),
  more: z.record(z.string(), z.number()).optional(),
  cost: entry,
  budget: entry.optional(),
  next: z.object({ tool: z.string(), input: entry, why: z.string() }),
  cursor: z.string(),
});
