import type { RunRecord } from '../../runs/record.ts';
import type { VerificationFacts } from '../verification.ts';

/** What was in force, and what it could not see. Runs of earlier versions had no sandbox. */
export function postureOf({ posture, scope }: RunRecord): VerificationFacts['posture'] {
  if (posture !== undefined) {
    const { sandbox, shell, blind } = posture;
    return { sandbox, shell, blind };
  }
  const shell = (scope?.commands.length ?? 0) > 0 ? 'listed' : 'none';
  const blind = shell === 'none' ? [] : ['what its commands did outside of the repository'];
  return { sandbox: 'none', shell, blind };
}
