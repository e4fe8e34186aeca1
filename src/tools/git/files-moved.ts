import * as z from 'zod';

/** What an operation on the files of a project did, or as a preview would do. */
export const filesMoved = {
  applied: z.boolean(),
  op_id: z.string().optional(),
  written: z.number(),
  removed: z.number(),
  folders: z.number(),
  paths: z.array(z.string()),
};

/** Nothing was done, for newer edits would be lost or content was not kept. */
export function isRefused(answer: { conflicts?: unknown; not_restorable?: unknown }): boolean {
  return answer.conflicts !== undefined || answer.not_restorable !== undefined;
}
