import * as z from 'zod';

/** Tokens by model and what they cost. `usd: null` is an unknown price, never a free run. */
export const usage = z.object({
  tokens: z.object({
    input: z.number(),
    output: z.number(),
    cache_read: z.number(),
    cache_write: z.number(),
  }),
  by_model: z.record(z.string(), z.record(z.string(), z.number())),
  usd: z.number().nullable(),
  usd_source: z.string(),
  /** False: the run was cut short, so this is a lower bound. */
  complete: z.boolean(),
});
export type RunUsage = z.infer<typeof usage>;

/** What a run, or a task over all its runs, may use. Without a number there is no such limit. */
const lifetimeBudget = z.object({
  wall_seconds: z.number().optional(),
  max_turns: z.number().optional(),
  /** A cached token that is read counts a tenth (limits.ts). */
  max_tokens: z.number().optional(),
  max_usd: z.number().optional(),
});
export type LifetimeBudget = z.infer<typeof lifetimeBudget>;

export const runBudget = lifetimeBudget.extend({
  wall_seconds: z.number(),
  idle_seconds: z.number(),
  max_turns: z.number(),
  /** Bytes of what model and tools said; beyond half of it the worker is told. */
  max_output_bytes: z.number().optional(),
  /** Largest events.ndjson. */
  max_event_bytes: z.number().optional(),
  /** For the whole life of the task, over all its runs. */
  lifetime: lifetimeBudget.optional(),
});
export type RunBudget = z.infer<typeof runBudget>;

/** What the earlier runs of a task have used. `usd: null` is an unknown price. */
export const spent = z.object({
  elapsed_ms: z.number(),
  turns: z.number(),
  tokens: z.number(),
  usd: z.number().nullable(),
});
export type Spent = z.infer<typeof spent>;
