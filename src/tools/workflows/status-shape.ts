import * as z from 'zod';

/** The one call that makes sense next. */
export const nextCall = z.object({
  tool: z.string(),
  input: z.record(z.string(), z.unknown()),
  why: z.string(),
});

/** What waits for a decision, in which round of the node; `workflow_id` where that is in a part of the workflow. */
export const waiting = z.object({
  node: z.string(),
  round: z.number(),
  question: z.string(),
  since: z.string(),
  workflow_id: z.string().optional(),
});

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
        run_id: z.string().optional(),
        /** The file lets it fail. */
        allowed: z.literal(true).optional(),
      }),
    )
    .optional(),
  /** Ids by state; with `since` only of what changed. */
  nodes: z.record(z.string(), z.array(z.string())),
  /** How many entries lists leave out, e.g. `nodes.pending`. */
  more: z.record(z.string(), z.number()).optional(),
  /** USD: null where no price is known. */
  cost: z.object({
    usd: z.number().nullable(),
    at_least: z.literal(true).optional(),
    tokens: z.number(),
    runs: z.number(),
  }),
  budget: z.record(z.string(), z.number()).optional(),
  next: nextCall,
  cursor: z.string(),
});
