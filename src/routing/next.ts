import { CcError } from '../core/errors.ts';
import type { FailureClass } from '../core/vocabulary.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Evidence } from './evidence.ts';
import type { Route } from './keys.ts';
import { type ProfilePick, pickProfile } from './pick.ts';
import type { PickRequest } from './request.ts';

/**
 * Where a task goes on after a failure: what the scorer would have chosen next, without the routes
 * that were tried. Read the evidence again first, so that it knows of the cooldown (`recordFailure`).
 * Undefined where only resting or unfit ones are left. A profile or model the user named is not kept:
 * whoever calls decides whether it may be left at all.
 */
export function nextCandidate(
  request: PickRequest,
  failed: {
    tried: readonly Route[];
    class: FailureClass;
    /** Window of the model that failed, in tokens; a full context needs a larger one. */
    window?: number | undefined;
  },
  profiles: readonly Profile[],
  evidence: Evidence,
): ProfilePick | undefined {
  const larger =
    failed.class === 'context_overflow' && failed.window !== undefined
      ? { minContext: failed.window + 1, knownContext: true }
      : {};
  try {
    const pick = pickProfile(
      { ...request, ...larger, profile: undefined, model: undefined, exclude: failed.tried },
      profiles,
      evidence,
    );
    const [best] = pick.ranked;
    return best === undefined || best.cooldown === 'cooling' || best.unfit ? undefined : pick;
  } catch (error) {
    if (error instanceof CcError && error.code === 'PROFILE_UNUSABLE') return undefined;
    throw error;
  }
}
