import { CcError } from '../core/errors.ts';
import { idList, lookUpProfile } from '../profiles/lookup.ts';
import type { Profile } from '../profiles/profile.ts';
import { DEFAULT_ROUTING } from '../workspace/routing-policy.ts';
import { type Evidence, noEvidence } from './evidence.ts';
import { preferenceFor } from './preference.ts';
import { type RankedRoute, rankRoutes } from './rank.ts';
import type { PickRequest } from './request.ts';

export type ProfilePick = {
  profile: Profile;
  /** For `--model`, always explicit. */
  model: string;
  reason: string;
  /** Every route that could be taken, best first: the order to fall back in. */
  ranked: RankedRoute[];
};

/**
 * The profile and model for a task: the only function that chooses. An explicit profile or model
 * wins, then the policy's preference, then the score. Pure: the same arguments, the same answer.
 */
export function pickProfile(
  request: PickRequest,
  profiles: readonly Profile[],
  evidence: Evidence = noEvidence(0),
): ProfilePick {
  const usable = profiles.filter((profile) => profile.usable);
  const explicit =
    request.profile === undefined
      ? undefined
      : requireUsable(lookUpProfile(profiles, request.profile), usable);
  if (usable.length === 0) throw nothingUsable(profiles);

  const { preference, note } = preferenceFor(request, profiles);
  const routing = request.routing ?? DEFAULT_ROUTING;
  const { ranked, excluded } = rankRoutes(
    { ...request, routing, explicit, preference },
    usable,
    evidence,
  );
  const [best] = ranked;
  if (best === undefined) throw allExcluded(excluded);
  return {
    profile: best.profile,
    model: best.model,
    reason: [note, passedOver(preference, best, ranked), sentence(best), estimateNote(request)]
      .filter(Boolean)
      .join(' '),
    ranked,
  };
}

function sentence(best: RankedRoute): string {
  return `${best.id}: ${best.why}; ${best.model}: ${best.modelWhy}.`;
}

/** A preferred profile that is resting loses; a person must be able to see that. */
function passedOver(
  preference: ReturnType<typeof preferenceFor>['preference'],
  best: RankedRoute,
  ranked: readonly RankedRoute[],
): string | undefined {
  const target = preference?.target;
  if (target === undefined || best.profile === target || best.asked) return undefined;
  const own = ranked.find((route) => route.profile === target);
  return own === undefined
    ? undefined
    : `The policy prefers ${target.id}, which loses: ${own.lost}.`;
}

function estimateNote({ estimate, model }: PickRequest): string | undefined {
  if (estimate === undefined || estimate.difficulty === 'medium' || model !== undefined) {
    return undefined;
  }
  return `The task looks ${estimate.difficulty} (${estimate.why}).`;
}

function requireUsable(profile: Profile, usable: readonly Profile[]): Profile {
  if (profile.usable) return profile;
  throw new CcError(
    'PROFILE_UNUSABLE',
    `The profile ${profile.id} cannot be used. ${profile.reason ?? ''}`.trim(),
    {
      hint: `Usable now: ${idList(usable)}.`,
      details: { id: profile.id, kind: profile.kind, usable: usable.map(({ id }) => id) },
    },
  );
}

function nothingUsable(profiles: readonly Profile[]): CcError {
  return new CcError('PROFILE_UNUSABLE', 'No profile can be used.', {
    hint: [
      'Any of these helps: log in (`claude`, then /login);',
      'describe one in ~/.cc-orchestrator/profiles.yaml;',
      'set ANTHROPIC_BASE_URL and ANTHROPIC_AUTH_TOKEN, or CC_PROFILE_<NAME>_BASE_URL, _AUTH_TOKEN and _MODEL;',
      'or add a provider with a key in CC Switch.',
    ].join(' '),
    details: { profiles: profiles.map(({ id, reason }) => ({ id, reason })) },
  });
}

const EXCLUDED_SHOWN = 20;

function allExcluded(excluded: readonly { id: string; why: string }[]): CcError {
  return new CcError(
    'PROFILE_UNUSABLE',
    'The policy or this request leaves no profile to choose.',
    {
      hint: 'Pass profile (and model) to choose one yourself, or change routing in policy.yaml; details say why each is left out.',
      details: { excluded: excluded.slice(0, EXCLUDED_SHOWN) },
    },
  );
}
