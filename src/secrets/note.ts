import * as z from 'zod';
import type { Hit } from './detect.ts';
import { fingerprintOf, shownOf } from './identity.ts';
import { SECRET_CLASSES } from './judge.ts';

/** What may be written about a secret: everything but the secret. */
export const secretNote = z.object({
  class: z.enum(SECRET_CLASSES),
  rule: z.string(),
  /** `ghp_…(40 chars)` */
  shown: z.string(),
  /** Stands for the value; `secret_allow` in the policy takes these. */
  fingerprint: z.string(),
});
export type SecretNote = z.infer<typeof secretNote>;

/** `key` is the user's own (identity.ts). */
export function noteOf(hit: Hit, key: Buffer): SecretNote {
  const { class: is, rule, value } = hit;
  return { class: is, rule, shown: shownOf(hit), fingerprint: fingerprintOf(value, key) };
}
