import { profileHostOf } from '../../profiles/host-of.ts';
import type { Profile } from '../../profiles/profile.ts';
import { nextRoute } from '../../routing/choose.ts';
import type { Route } from '../../routing/keys.ts';
import type { ProfilePick } from '../../routing/pick.ts';
import type { Host } from '../../workspace/host.ts';
import { readPolicy } from '../../workspace/policy.ts';
import type { RunRecord } from '../record.ts';
import { briefOf, firstRunOf } from './notes.ts';
import { isOfAccount, isOfHost, movedFrom } from './rules.ts';

/**
 * The scorer's next route for the task of a failed run, as the user's other profiles stand now. What
 * the failure speaks about is left out: the account, and where that helps, the host. `refused` are
 * routes that could not be started.
 */
export async function nextCandidateOf(
  host: Host,
  record: RunRecord,
  profiles: readonly Profile[],
  refused: readonly Route[],
): Promise<ProfilePick | undefined> {
  const policy = await readPolicy(host.home);
  const own = profiles.find(({ id }) => id === record.profile.id);
  const account = isOfAccount(record) ? (own?.account ?? record.profile.account) : undefined;
  const left = new Set(refused.map(({ profile }) => profile));
  const isOpen = (profile: Profile) =>
    !left.has(profile.id) && (account === undefined || profile.account !== account);
  const task = await briefOf(host, await firstRunOf(record));
  const choose = (open: (profile: Profile) => boolean) =>
    nextRoute(
      { home: host.home, profileHost: profileHostOf(host), policy, now: host.clock.now() },
      { task, role: record.role, write: record.scope !== null, paths: record.scope?.paths },
      {
        tried: [...movedFrom(record, undefined), ...refused],
        class: record.outcome?.failure.class ?? 'unknown',
        window: record.context_window?.tokens,
      },
      open,
    );
  const address = addressOf(own);
  if (isOfHost(record) && address !== undefined) {
    const elsewhere = await choose((one) => isOpen(one) && addressOf(one) !== address);
    if (elsewhere !== undefined) return elsewhere;
  }
  return choose(isOpen);
}

function addressOf(profile: Profile | undefined): string | undefined {
  const address = profile?.base_url;
  return address !== undefined && URL.canParse(address) ? new URL(address).host : undefined;
}
