import { CcError } from '../core/errors.ts';
import type { Role } from '../core/vocabulary.ts';
import { isAnthropicItself } from './address.ts';
import { chooseModel, modelFit } from './choose-model.ts';
import { idList, lookUpProfile } from './lookup.ts';
import type { Profile } from './profile.ts';

/** What the policy prefers for a role; either part may be missing. */
export type Preference = { profile?: string; model?: string };
export type Preferences = Partial<Record<Role, Preference>>;

export type PickRequest = {
  role?: Role;
  profile?: string;
  model?: string;
  preferences?: Preferences;
};

export type ProfilePick = {
  profile: Profile;
  /** For `--model`, always explicit. */
  model: string;
  reason: string;
  /** All usable profiles, best first: the order to fall back in. */
  ranked: { id: string; why: string }[];
};

type Ranked = { profile: Profile; rank: number; why: string };

/**
 * The profile and model for a task. An explicit profile wins; then the policy; then what costs the
 * least of the excellent model: other vendors first, the user's own Claude login last.
 */
export function pickProfile(request: PickRequest, profiles: readonly Profile[]): ProfilePick {
  const usable = profiles.filter((profile) => profile.usable);
  const explicit =
    request.profile === undefined
      ? undefined
      : requireUsable(lookUpProfile(profiles, request.profile), usable);
  if (usable.length === 0) throw nothingUsable(profiles);

  const { preference, note } = preferenceFor(request, profiles);
  // A model preferred together with a profile says nothing about the other profiles.
  const model =
    request.model ?? (preference?.profile === undefined ? preference?.model : undefined);
  const ranked = usable
    .map((profile) => rank(profile, explicit, preference, model))
    .sort((a, b) => a.rank - b.rank);
  const [best] = ranked;
  if (best === undefined) throw nothingUsable(profiles);

  const wanted = request.model ?? preferredModel(best.profile, preference);
  const choice = chooseModel(best.profile, wanted);
  return {
    profile: best.profile,
    model: choice.model,
    reason: [note, `${best.profile.id}: ${best.why}; ${choice.model}: ${choice.why}.`]
      .filter(Boolean)
      .join(' '),
    ranked: ranked.map(({ profile, why }) => ({ id: profile.id, why })),
  };
}

/** The array's sort is stable, so equal ranks keep the order of the list. */
function rank(
  profile: Profile,
  explicit: Profile | undefined,
  preference: ResolvedPreference | undefined,
  model: string | undefined,
): Ranked {
  if (profile === explicit) return { profile, rank: -2, why: 'asked for' };
  if (profile === preference?.target)
    return { profile, rank: -1, why: 'preferred by the policy for this role' };
  const base = baseRank(profile);
  if (model === undefined) return { profile, ...base };
  const fit = modelFit(profile, model);
  const penalty = { offers: 0, likely: 10, unknown: 20 }[fit];
  return { profile, rank: base.rank + penalty, why: base.why + FIT[fit] };
}

const FIT = {
  offers: ', lists the model',
  likely: ', serves Claude models',
  unknown: ', does not list the model',
};

function baseRank(profile: Profile): { rank: number; why: string } {
  if (profile.kind === 'login') {
    return profile.source === 'official'
      ? { rank: 6, why: "the user's Claude login, spared for the controller" }
      : { rank: 7, why: 'the same Claude login by way of CC Switch' };
  }
  if (profile.current) return { rank: 1, why: "CC Switch's current provider" };
  if (profile.kind === 'cloud') return { rank: 4, why: 'a cloud account' };
  if (isAnthropicItself(profile.base_url))
    return { rank: 5, why: "Anthropic's own service, paid by token" };
  if (profile.source === 'environment') return { rank: 2, why: 'given by the environment' };
  if (profile.source === 'file') return { rank: 2, why: 'given in profiles.yaml' };
  return { rank: 3, why: "a provider in CC Switch's list" };
}

type ResolvedPreference = Preference & { target?: Profile };

/** The policy's wish for the role. One that cannot be met is passed over, and said. */
function preferenceFor(
  { role, preferences }: PickRequest,
  profiles: readonly Profile[],
): { preference?: ResolvedPreference; note?: string } {
  const wish = role === undefined ? undefined : preferences?.[role];
  if (wish === undefined) return {};
  if (wish.profile === undefined) return { preference: wish };
  try {
    const target = lookUpProfile(profiles, wish.profile);
    if (target.usable) return { preference: { ...wish, target } };
    return {
      note: `The policy prefers ${target.id} for ${role}, which is not usable: ${target.reason ?? 'no reason known'}`,
    };
  } catch (error) {
    if (!(error instanceof CcError)) throw error;
    return { note: `The policy's preference for ${role} is passed over: ${error.message}` };
  }
}

/** A preferred model belongs to the preferred profile, or to any that lists it. */
function preferredModel(
  profile: Profile,
  preference: ResolvedPreference | undefined,
): string | undefined {
  if (preference?.model === undefined) return undefined;
  if (preference.profile !== undefined)
    return profile === preference.target ? preference.model : undefined;
  return modelFit(profile, preference.model) === 'unknown' ? undefined : preference.model;
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
      'set ANTHROPIC_BASE_URL and ANTHROPIC_AUTH_TOKEN, or CC_PROFILE_<NAME>_BASE_URL, _AUTH_TOKEN and _MODEL;',
      'describe one in ~/.cc-orchestrator/profiles.yaml;',
      'or add a provider with a key in CC Switch.',
    ].join(' '),
    details: { profiles: profiles.map(({ id, reason }) => ({ id, reason })) },
  });
}
