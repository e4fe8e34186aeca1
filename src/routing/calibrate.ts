import { ROLES, type Role } from '../core/vocabulary.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Policy } from '../workspace/policy.ts';
import { requestFor } from './choose.ts';
import type { Evidence } from './evidence.ts';
import { blameOf } from './failures.ts';
import { routeKey } from './keys.ts';
import { pickProfile } from './pick.ts';
import type { Preference, Preferences } from './preference.ts';

export type Proposal = {
  role: Role;
  from?: Preference;
  to: { profile: string; model: string };
  why: string;
};

/** Good runs of a role below which nothing is proposed for it. */
const ENOUGH = 3;
const WRITING: ReadonlySet<Role> = new Set(['implementation', 'development']);

/**
 * The preferences the evidence speaks for. Only for roles a trusted model has done before, and never
 * against the user: what they prefer is replaced only where it cannot be used or has been demoted.
 */
export function proposePreferences(
  policy: Policy,
  profiles: readonly Profile[],
  evidence: Evidence,
): Proposal[] {
  if (!profiles.some(({ usable }) => usable)) return [];
  return ROLES.flatMap((role) => propose(role, policy, profiles, evidence) ?? []);
}

function propose(
  role: Role,
  policy: Policy,
  profiles: readonly Profile[],
  evidence: Evidence,
): Proposal | undefined {
  const own = (policy.preferred as Preferences)[role];
  const request = requestFor({ write: WRITING.has(role) }, role, policy);
  if (own !== undefined && isHolding(pickProfile(request, profiles, evidence), own)) {
    return undefined;
  }
  const { preferences: _own, ...open } = request;
  const { profile, model, ranked } = pickProfile(open, profiles, evidence);
  const [best] = ranked;
  if (best?.trust !== 'trusted' || best.cooldown === 'cooling') return undefined;
  const known = experience(routeKey({ profile: profile.id, model }), role, evidence);
  if (known === undefined) return undefined;
  const to = { profile: profile.id, model };
  if (own?.profile === to.profile && own.model === to.model) return undefined;
  return { role, ...(own === undefined ? {} : { from: own }), to, why: known };
}

/** What the user prefers is what they get, and it does its work. */
function isHolding({ ranked }: ReturnType<typeof pickProfile>, own: Preference): boolean {
  const [best] = ranked;
  if (own.profile === undefined && own.model === undefined) return false;
  return best !== undefined && best.trust !== 'demoted' && best.preferred;
}

function experience(key: string, role: Role, evidence: Evidence): string | undefined {
  const runs = (evidence.endings.get(key) ?? []).filter(
    (run) => run.role === role && blameOf(run.failure) !== 'nobody',
  );
  const good = runs.filter(({ failure }) => failure === 'success').length;
  if (good >= ENOUGH) return `${good} of ${runs.length} runs as ${role} succeeded`;
  return undefined;
}
