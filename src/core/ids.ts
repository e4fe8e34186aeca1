import { createHash, randomBytes } from 'node:crypto';
import { CcError } from './errors.ts';

/** What an id can name. The prefix makes an id self-explaining wherever it turns up. */
export type IdKind =
  | 'run'
  | 'req'
  | 'ws'
  | 'file'
  | 'demo'
  | 'bench'
  | 'item'
  | 'verify'
  | 'op'
  | 'tree'
  | 'wf';

// In ASCII order, so that a larger number is also a later name.
const BASE32 = '234567abcdefghijklmnopqrstuvwxyz';
const ID_PATTERN = /^[a-z]{2,10}_\d{8}t\d{9}z_[a-z2-7]{8}$/;

/**
 * A new id: `<kind>_<utc to the millisecond>_<8 base32>`, lower case, at most 40 characters, sorts by time.
 * Ids that one process makes in the same millisecond count up, so that they sort by time as well.
 * Example: `run_20261121t110900123z_k3v7qa2m`.
 */
export function newId(kind: IdKind, now: Date): string {
  const stamp = now.toISOString().replace(/[-:.]/g, '').toLowerCase();
  const tail = stamp === last.stamp ? successor(last.tail) : randomBase32(8);
  last = { stamp, tail };
  return `${kind}_${stamp}_${tail}`;
}

/** The id that something from elsewhere has here: the same text always gets the same one. */
export function derivedId(kind: IdKind, time: Date, from: string): string {
  const stamp = time.toISOString().replace(/[-:.]/g, '').toLowerCase();
  const digest = createHash('sha256').update(from).digest().subarray(0, 8);
  return `${kind}_${stamp}_${Array.from(digest, (byte) => BASE32[byte & 31]).join('')}`;
}

let last = { stamp: '', tail: '' };

function successor(tail: string): string {
  const digits = [...tail];
  for (let at = digits.length - 1; at >= 0; at -= 1) {
    const next = BASE32.indexOf(digits[at] ?? '') + 1;
    digits[at] = BASE32[next % 32] ?? '';
    if (next < 32) break;
  }
  return digits.join('');
}

/** `length` random characters of the id alphabet (5 bits each). */
export function randomBase32(length: number): string {
  return Array.from(randomBytes(length), (byte) => BASE32[byte & 31]).join('');
}

export function isId(value: string, kind: IdKind): boolean {
  return ID_PATTERN.test(value) && value.startsWith(`${kind}_`);
}

/** Refuses anything that is not an id of this kind, so that an id can safely become a file name. */
export function requireId(value: string, kind: IdKind): string {
  if (isId(value, kind)) return value;
  throw new CcError('BAD_INPUT', `Not a ${kind} id: ${JSON.stringify(value.slice(0, 60))}`, {
    hint: `A ${kind} id looks like ${kind}_20261121t110900123z_k3v7qa2m; copy it from the call that created it.`,
  });
}

/** 24 hexadecimal characters that stand for a text where it would make no file name. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}
