import * as z from 'zod';
import type { FoundRun } from '../../runs/find.ts';
import { readJson } from '../../store/atomic.ts';
import type { VerificationFacts } from '../verification.ts';

const findings = z.object({
  findings: z.array(
    z.object({
      class: z.string(),
      rule: z.string().default('secret'),
      where: z
        .object({
          kind: z.string(),
          path: z.string().optional(),
          line: z.number().optional(),
          seq: z.number().optional(),
        })
        .optional(),
    }),
  ),
});

/** What the secret scan of the run found, by place. Without a scan nothing is known. */
export async function readSecrets({ paths }: FoundRun): Promise<VerificationFacts['secrets']> {
  const value = await readJson(paths.secretFindings).catch(() => undefined);
  const parsed = findings.safeParse(value).data;
  if (parsed === undefined) return { known: false, real: [], unsure: [] };
  const placesOf = (wanted: string) =>
    parsed.findings
      .filter((one) => one.class === wanted)
      .map(({ rule, where }) => `${rule} in ${placeOf(where)}`);
  return { known: true, real: placesOf('real_candidate'), unsure: placesOf('unknown') };
}

function placeOf(where: z.infer<typeof findings>['findings'][number]['where']): string {
  if (where === undefined) return 'the run';
  if (where.path !== undefined) return where.path + (where.line ? `:${where.line}` : '');
  return where.seq === undefined ? `the ${where.kind}` : `event ${where.seq}`;
}
