import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LOGIN_ACCOUNT } from './account.ts';
import { type Candidate, candidateOf, type Found } from './candidate.ts';
import { Credentials } from './credentials.ts';
import type { Profile, ProfileHost } from './profile.ts';
import { secretsIn } from './secrets.ts';

const OFFICIAL_ID = 'official';
export const LOGIN_REMEDY =
  'Run `claude` once and log in with /login, or set CLAUDE_CODE_OAUTH_TOKEN (from `claude setup-token`).';

/**
 * The user's own Claude login. It is judged by the presence of its file or variable; the file is
 * never opened. On macOS the login is in the keychain, which is not asked either: it would prompt.
 */
export async function findOfficial(host: ProfileHost): Promise<Found> {
  const state = await loginState(host);
  return { candidates: [officialCandidate(host, state)], warnings: [] };
}

export async function loginState(host: ProfileHost): Promise<'present' | 'absent' | 'unknown'> {
  if (host.env.CLAUDE_CODE_OAUTH_TOKEN?.trim()) return 'present';
  const file = await stat(loginFile(host)).catch(() => undefined);
  if (file?.isFile() && file.size > 2) return 'present';
  return host.platform === 'darwin' ? 'unknown' : 'absent';
}

export function loginFile(host: ProfileHost): string {
  const directory = host.env.CLAUDE_CONFIG_DIR?.trim() || join(host.home, '.claude');
  return join(directory, '.credentials.json');
}

function officialCandidate(host: ProfileHost, state: 'present' | 'absent' | 'unknown'): Candidate {
  const profile: Profile = {
    id: OFFICIAL_ID,
    name: 'Claude login',
    source: 'official',
    kind: 'login',
    usable: state !== 'absent',
    ...(state === 'absent' ? { reason: `There is no Claude login. ${LOGIN_REMEDY}` } : {}),
    current: false,
    auth: 'login',
    login_state: state,
    account: LOGIN_ACCOUNT,
    models: {},
    warnings: state === 'unknown' ? [KEYCHAIN] : [],
  };
  return candidateOf(profile, loginCredentials(host));
}

export const KEYCHAIN =
  'Whether there is a login is not known: macOS keeps it in the keychain, which is not read. Over SSH it is often locked.';

/** The login needs the user's own configuration directory, and the token variable if it is used. */
export function loginCredentials(host: ProfileHost): Credentials {
  const env: Record<string, string> = {};
  for (const name of ['CLAUDE_CONFIG_DIR', 'CLAUDE_CODE_OAUTH_TOKEN']) {
    const value = host.env[name]?.trim();
    if (value) env[name] = value;
  }
  return new Credentials(env, secretsIn(env));
}
