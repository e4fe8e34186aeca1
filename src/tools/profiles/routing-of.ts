import { profileHostOf } from '../../profiles/host-of.ts';
import { type Choice, type ChoosingHost, chooseRoute, type Work } from '../../routing/choose.ts';
import type { Host } from '../../workspace/host.ts';
import { readPolicy } from '../../workspace/policy.ts';

/** The choice for some work with the user's policy, as every launcher makes it. */
export async function routingOf(
  host: Host,
  work: Work = {},
): Promise<Choice & Pick<ChoosingHost, 'policy'>> {
  const policy = await readPolicy(host.home);
  const choosing = {
    home: host.home,
    profileHost: profileHostOf(host),
    policy,
    now: host.clock.now(),
  };
  return { ...(await chooseRoute(choosing, work)), policy };
}
