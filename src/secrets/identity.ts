import { createHmac } from 'node:crypto';
import type { Hit } from './detect.ts';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const LENGTH = 12;
export const FINGERPRINT = /^[a-z2-7]{12}$/;

/**
 * Twelve characters (60 bits) that stand for a value, always the same for one user. Keyed with a
 * secret of that user: without the key not even a short password can be found by trying.
 */
export function fingerprintOf(value: string, key: Buffer): string {
  const digest = createHmac('sha256', key).update(value).digest();
  return Array.from(digest.subarray(0, LENGTH), (byte) => BASE32[byte & 31]).join('');
}

/** What kinds of tokens begin with; nothing else of a value is ever shown. */
const PUBLIC_START =
  /^(?:sk-(?:ant-|proj-|or-|svcacct-|admin-)?|(?:sk|rk)_(?:live|test)_|github_pat_|gh[pousr]_|gl[a-z]{2,5}-|xox[a-z]-|xapp-|AKIA|ASIA|AIza|LTAI|npm_|pypi-|dckr_pat_|hf_|gsk_|xai-|SG\.|shp[a-z]{2}_|lin_api_|eyJ|-----BEGIN (?=[A-Z ]*PRIVATE))/;
const NAME_CHARS = 40;

/** `ghp_…(40 chars)`, `API_KEY=…(24 chars)`: enough to find it again, nothing of the value. */
export function shownOf({ kind, value, lead }: Pick<Hit, 'kind' | 'value' | 'lead'>): string {
  const start = kind === 'token' || kind === 'cut' ? (PUBLIC_START.exec(value)?.[0] ?? '') : '';
  const name = kind === 'named' ? nameIn(lead) : '';
  return `${name}${start}…(${value.length} chars)`;
}

/** The name before a value; of an address nothing, for its user may be secret, too. */
function nameIn(lead: string): string {
  const [, name, is] = /([A-Za-z][\w-]*)\W*?([:=\s])\W*$/.exec(lead) ?? [];
  if (name === undefined || lead.startsWith('://')) return '';
  return `${name.slice(-NAME_CHARS)}${is === undefined || is.trim() === '' ? ' ' : is}`;
}
