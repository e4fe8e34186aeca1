import { join } from 'node:path';
import * as z from 'zod';
import { readJson } from '../store/atomic.ts';
import type { RunPaths } from '../workspace/layout.ts';

/** `verification/latest.json` as far as a judgement rests on it; what it does not know it leaves out. */
const verdictFile = z.object({
  verification_id: z.string(),
  run_id: z.string(),
  time: z.string(),
  verdict: z.enum(['accept', 'investigate', 'reject']),
  /** 0 to 1. */
  risk: z.number(),
  reasons: z.array(
    z.object({
      code: z.string(),
      level: z.enum(['reject', 'investigate', 'info']),
      text: z.string(),
    }),
  ),
  tests: z.array(z.object({ command: z.string(), status: z.string() })).catch([]),
  claims: z.array(z.object({ status: z.string() })).catch([]),
  coverage: z
    .object({ wanted: z.number(), percent: z.number().nullable() })
    .optional()
    .catch(undefined),
});
export type VerdictFile = z.infer<typeof verdictFile>;

/** The last verdict on a run; undefined where it was never verified, or the file says nothing. */
export async function readVerdict(paths: RunPaths): Promise<VerdictFile | undefined> {
  const value = await readJson(join(paths.verification, 'latest.json')).catch(() => undefined);
  return verdictFile.safeParse(value).data;
}

export function contradictedClaims({ claims }: VerdictFile): number {
  return claims.filter(({ status }) => status === 'contradicted').length;
}
