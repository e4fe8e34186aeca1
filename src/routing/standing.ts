import { isAnthropicItself } from '../profiles/address.ts';
import type { Profile } from '../profiles/profile.ts';

/**
 * How willingly a profile is used where nothing else is known, 0 to 1: what the user works with now
 * first, what Anthropic bills last. Workers exist to spare the excellent model.
 */
export function standingOf(profile: Profile): { value: number; why: string } {
  if (profile.kind === 'login') {
    return profile.source === 'official'
      ? { value: 0.05, why: "the user's Claude login, spared for the controller" }
      : { value: 0, why: 'the same Claude login by way of CC Switch' };
  }
  if (profile.current) return { value: 1, why: "CC Switch's current provider" };
  if (profile.kind === 'cloud') return { value: 0.5, why: 'a cloud account' };
  if (isAnthropicItself(profile.base_url)) {
    return { value: 0.2, why: "Anthropic's own service, paid by token" };
  }
  if (profile.source === 'environment') return { value: 0.8, why: 'given by the environment' };
  if (profile.source === 'file') return { value: 0.8, why: 'given in profiles.yaml' };
  if (profile.source.startsWith('cc-switch')) {
    return { value: 0.7, why: "a provider in CC Switch's list" };
  }
  return { value: 0.75, why: 'a provider of the user' };
}
