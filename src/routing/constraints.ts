import type { Profile } from '../profiles/profile.ts';
import type { RoutingPolicy } from '../workspace/routing-policy.ts';

/** What the policy says about a profile: left out (and why), and its place in the wanted order. */
export function constraintOn(
  profile: Profile,
  { allow, ignore, order }: RoutingPolicy['providers'],
): { excluded?: string; order: number } {
  const place = order.findIndex((name) => isMeant(profile, name));
  const excluded = ignore.some((name) => isMeant(profile, name))
    ? 'routing.providers.ignore of the policy names it'
    : allow.length > 0 && !allow.some((name) => isMeant(profile, name))
      ? 'routing.providers.allow of the policy does not name it'
      : undefined;
  return {
    ...(excluded === undefined ? {} : { excluded }),
    order: place === -1 ? order.length : place,
  };
}

/** By id, by name, or by the host of its address, whatever the case. */
function isMeant({ id, name, base_url: address }: Profile, wanted: string): boolean {
  const key = plain(wanted);
  if (plain(id) === key || plain(name) === key) return true;
  if (address === undefined || !URL.canParse(address)) return false;
  const { host, hostname } = new URL(address);
  return host === key || hostname === key;
}

function plain(text: string): string {
  return text.trim().normalize('NFC').toLowerCase();
}
