import { allowedEnvironment } from '../../proc/env.ts';
import { profileHostOf } from '../../profiles/host-of.ts';
import { knownSecrets } from '../../profiles/resolve-credentials.ts';
import type { Host } from '../../workspace/host.ts';
import type { Policy } from '../../workspace/policy.ts';

/** They open doors, and no test of a project needs them. */
const NEVER: ReadonlySet<string> = new Set(['SSH_AUTH_SOCK']);
const SHORTEST_SECRET = 6;

/**
 * What our commands get: the allow-list, what the policy passes on, and nothing that holds a secret of
 * a profile. They run what a worker wrote. `CI` keeps runners from watching and from writing snapshots.
 */
export async function commandEnvironment(
  host: Host,
  policy: Policy,
): Promise<{ env: Record<string, string>; secrets: string[] }> {
  const secrets = await knownSecrets(profileHostOf(host));
  const isSecret = (value: string) =>
    secrets.some((secret) => secret.length >= SHORTEST_SECRET && value.includes(secret));
  const allowed = Object.entries(allowedEnvironment(host.env, policy.env_pass));
  const env = Object.fromEntries(
    allowed.filter(([name, value]) => !NEVER.has(name.toUpperCase()) && !isSecret(value)),
  );
  return { env: { ...env, CI: 'true' }, secrets };
}
