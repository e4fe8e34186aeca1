import { isoTime } from '../core/clock.ts';
import type { Profile } from '../profiles/profile.ts';
import type { RoutingPolicy } from '../workspace/routing-policy.ts';
import type { Evidence } from './evidence.ts';
import { cooldownOf } from './health.ts';
import { routeKey } from './keys.ts';
import { type Trust, trustOf } from './trust.ts';

export type RouteStatus = {
  trust: Trust;
  trustWhy: string;
  /** `rate_limited until …`, or `rate_limited, may be tried again`. */
  cooldown?: string;
};

/** How one model at one profile stands right now. */
export function routeStatus(
  profile: Profile,
  model: string,
  evidence: Evidence,
  { admission }: RoutingPolicy,
): RouteStatus {
  const key = routeKey({ profile: profile.id, model });
  const { trust, why } = trustOf(
    evidence.endings.get(key) ?? [],
    evidence.capabilities.get(key),
    admission.min_successes,
  );
  const cooldown = cooldownOf(profile, model, evidence.health, evidence.now);
  if (cooldown.state === 'healthy') return { trust, trustWhy: why };
  const { entry } = cooldown;
  const isTried = entry.trial !== undefined && entry.trial.until > entry.until;
  const then =
    cooldown.state !== 'cooling'
      ? ', may be tried again'
      : isTried
        ? ', being tried again'
        : ` until ${isoTime(new Date(entry.until))}`;
  return { trust, trustWhy: why, cooldown: `${entry.class}${then}` };
}
