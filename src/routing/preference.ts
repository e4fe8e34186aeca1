import { CcError } from '../core/errors.ts';
import type { Role } from '../core/vocabulary.ts';
import { modelFit } from '../profiles/choose-model.ts';
import { lookUpProfile } from '../profiles/lookup.ts';
import type { Profile } from '../profiles/profile.ts';

/** What the policy prefers for a role; either part may be missing. */
export type Preference = { profile?: string | undefined; model?: string | undefined };
export type Preferences = Partial<Record<Role, Preference>>;

export type ResolvedPreference = Preference & { target?: Profile };

/** The policy's wish for the role. One that cannot be met is passed over, and said. */
export function preferenceFor(
  { role, preferences }: { role?: Role | undefined; preferences?: Preferences | undefined },
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
export function preferredModel(
  profile: Profile,
  preference: ResolvedPreference | undefined,
): string | undefined {
  if (preference?.model === undefined) return undefined;
  if (preference.profile !== undefined)
    return profile === preference.target ? preference.model : undefined;
  return modelFit(profile, preference.model) === 'unknown' ? undefined : preference.model;
}
