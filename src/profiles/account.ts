import { createHash } from 'node:crypto';
import type { Variables } from './credentials.ts';
import type { ProfileKind } from './profile.ts';
import { secretsIn } from './secrets.ts';

/** Hexadecimal digits: too few to tell a token by, enough to tell accounts apart. */
const DIGITS = 10;

/** The user's Claude login, by whatever way it is found. */
export const LOGIN_ACCOUNT = 'login';

/**
 * A name for the account behind a profile: the same host with the same credentials. A limit of one
 * profile is a limit of all that share it; with a new token it is another account. `tokenFrom` stands
 * for a token that is not known before a command has printed it.
 */
export function accountOf(kind: ProfileKind, env: Variables, tokenFrom = ''): string {
  if (kind === 'login') return LOGIN_ACCOUNT;
  const address = env.ANTHROPIC_BASE_URL ?? '';
  const host = URL.canParse(address) ? new URL(address).host : kind;
  const parts = [host, ...secretsIn(env).sort(), ...(tokenFrom === '' ? [] : [tokenFrom])];
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, DIGITS);
}
