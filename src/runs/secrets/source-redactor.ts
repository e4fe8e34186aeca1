import { createRedactor, type Redactor } from '../../core/redact.ts';
import { profileHostOf } from '../../profiles/host-of.ts';
import { knownSecrets } from '../../profiles/resolve-credentials.ts';
import { findMaintained } from '../../secrets/maintained.ts';
import type { Host } from '../../workspace/host.ts';

/** Hides secrets in source code that is shown: known ones, and what is one in all likelihood. */
export async function sourceRedactor(host: Host): Promise<Redactor> {
  const known = await knownSecrets(profileHostOf(host)).catch(() => []);
  return createRedactor(known, { more: findMaintained, source: true });
}
