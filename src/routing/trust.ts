import { plural } from '../core/text.ts';
import type { Ending } from './endings.ts';
import type { CapabilityEvidence } from './evidence.ts';
import { blameOf } from './failures.ts';

export type Trust = 'trusted' | 'probation' | 'demoted';

/** Of this many latest endings that speak about the model, so many failures demote it. */
const LATEST = 5;
const DEMOTING = 3;

/**
 * How far a model is trusted, from nothing but how its runs ended. A model whose tool use was tested
 * needs one success only. What a provider failed to serve says nothing about the model.
 */
export function trustOf(
  endings: readonly Ending[],
  capabilities: CapabilityEvidence | undefined,
  minSuccesses: number,
): { trust: Trust; why: string } {
  const telling = endings.filter(({ failure }) => ['none', 'model'].includes(blameOf(failure)));
  const failed = telling.slice(-LATEST).filter((run) => !isSuccess(run)).length;
  if (failed >= DEMOTING) {
    return { trust: 'demoted', why: `${failed} of its last ${LATEST} runs failed` };
  }
  const successes = telling.filter(isSuccess).length;
  const isTested = capabilities?.tool_use === 'pass';
  const needed = isTested ? 1 : minSuccesses;
  if (successes >= needed)
    return { trust: 'trusted', why: `${plural(successes, 'run')} succeeded` };
  return { trust: 'probation', why: `on probation, ${successes} of ${needed} successes` };
}

/** A run that ended well with work that was rejected is none. */
function isSuccess({ failure, rejected }: Ending): boolean {
  return failure === 'success' && rejected !== true;
}
