import * as z from 'zod';
import { objectAt } from '../../core/json.ts';
import type { RunRecord } from '../../runs/record.ts';
import type { VerificationFacts } from '../verification.ts';

const posture = z.object({
  sandbox: z.string(),
  shell: z.string(),
  blind: z.array(z.string()).default([]),
});

/** What was in force, and what it could not see. Runs that do not tell had no sandbox. */
export function postureOf(metadata: unknown, { scope }: RunRecord): VerificationFacts['posture'] {
  const told = posture.safeParse(objectAt(metadata, 'posture')).data;
  if (told !== undefined) return told;
  const shell = (scope?.commands.length ?? 0) > 0 ? 'listed' : 'none';
  const blind = shell === 'none' ? [] : ['what its commands did outside of the repository'];
  return { sandbox: 'none', shell, blind };
}
