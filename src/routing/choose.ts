import type { Role } from '../core/vocabulary.ts';
import { listProfiles } from '../profiles/list.ts';
import type { Profile, ProfileHost } from '../profiles/profile.ts';
import type { UserHome } from '../workspace/home.ts';
import type { Policy } from '../workspace/policy.ts';
import { refreshIfDue } from './catalog-store.ts';
import { estimateDifficulty } from './difficulty.ts';
import type { Evidence } from './evidence.ts';
import { gatherEvidence } from './gather.ts';
import { nextCandidate } from './next.ts';
import { type ProfilePick, pickProfile } from './pick.ts';
import type { Preferences } from './preference.ts';
import type { PickRequest } from './request.ts';

/** Who chooses, and by what rules. */
export type ChoosingHost = {
  home: UserHome;
  profileHost: ProfileHost;
  policy: Policy;
  now: Date;
};

/** What is to be done, as far as it matters for who does it. */
export type Work = {
  /** Its words; without them the task counts as medium. */
  task?: string | undefined;
  role?: Role | undefined;
  profile?: string | undefined;
  model?: string | undefined;
  /** It may change files, those of these globs. */
  write?: boolean | undefined;
  paths?: readonly string[] | undefined;
};

export type Choice = {
  pick: ProfilePick;
  role: Role;
  request: PickRequest;
  profiles: readonly Profile[];
  evidence: Evidence;
};

/** The choice for a task from all evidence there is. Every launcher and every tool chooses by this. */
export async function chooseRoute(host: ChoosingHost, work: Work): Promise<Choice> {
  const { home, profileHost, policy, now } = host;
  const [{ profiles, prices }] = await Promise.all([
    listProfiles(profileHost),
    refreshIfDue(home, policy.routing.catalog, now),
  ]);
  const evidence = await gatherEvidence(home, policy.routing, prices, now, profiles);
  const role = roleOf(work);
  const request = requestFor(work, role, policy);
  return { pick: pickProfile(request, profiles, evidence), role, request, profiles, evidence };
}

/**
 * What the scorer would take next for work whose route has failed, by the evidence there is now; see
 * `nextCandidate`. `isOpen` tells which profiles may be looked at.
 */
export async function nextRoute(
  host: ChoosingHost,
  work: Work,
  failed: Parameters<typeof nextCandidate>[1],
  isOpen: (profile: Profile) => boolean,
): Promise<ProfilePick | undefined> {
  const { home, profileHost, policy, now } = host;
  const { profiles, prices } = await listProfiles(profileHost);
  const evidence = await gatherEvidence(home, policy.routing, prices, now, profiles);
  const request = requestFor(work, roleOf(work), policy);
  return nextCandidate(request, failed, profiles.filter(isOpen), evidence);
}

function roleOf({ role, write }: Work): Role {
  return role ?? (write ? 'implementation' : 'review');
}

/** The question the scorer is asked for a task. */
export function requestFor(work: Work, role: Role, { preferred, routing }: Policy): PickRequest {
  const { task, write = false, paths } = work;
  const facts = { task: task ?? '', role, paths: write ? paths : undefined };
  return {
    role,
    profile: work.profile,
    model: work.model,
    preferences: preferred as Preferences,
    write,
    routing,
    ...(task === undefined || routing.difficulty === 'off'
      ? {}
      : { estimate: estimateDifficulty(facts) }),
  };
}
