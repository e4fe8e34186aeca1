import { createHash } from 'node:crypto';
import type { Variables } from './credentials.ts';
import type { ProfileKind } from './profile.ts';
import { secretsIn } from './secrets.ts';

/** Hexadecimal digits: too few to tell a token by, enough to tell accounts apart. */
const DIGITS = 10;

/**
 * A name for the account behind a profile: the same host with the same credentials. A limit of one
 * profile is a limit of all that share it; with a new token it is another account.
 */
export function accountOf(kind: ProfileKind, env: Variables): string {
  if (kind === 'login') return 'login';
  const address = env.ANTHROPIC_BASE_URL ?? '';
  const host = URL.canParse(address) ? new URL(address).host : kind;
  const parts = [host, ...secretsIn(env).sort()];
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, DIGITS);
}
