import * as z from 'zod';

/** What a change of policy.yaml is, or would be. */
export const policyEditView = z.object({
  path: z.string(),
  applied: z.boolean(),
  /** Lines that differ. */
  diff: z.array(z.string()),
  /** The file as it was before. */
  backup: z.string().optional(),
});
