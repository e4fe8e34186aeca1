import * as z from 'zod';
import { cwd } from '../fields.ts';

export const reversalInput = z.strictObject({
  op_id: z.string().max(64).optional().describe('Default the last.'),
  apply: z.boolean().optional().describe('Do it.'),
  cwd,
});

export const reversalOutput = z.object({
  /** What is taken back, or done again. */
  of: z.object({ op_id: z.string(), kind: z.string(), run_id: z.string() }),
  applied: z.boolean(),
  op_id: z.string().optional(),
  written: z.number(),
  removed: z.number(),
  folders: z.number(),
  paths: z.array(z.string()),
  conflicts: z.array(z.string()).optional(),
  not_restorable: z.array(z.string()).optional(),
  hint: z.string().optional(),
});
