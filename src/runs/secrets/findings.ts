import * as z from 'zod';
import { SECRET_CLASSES, type SecretClass } from '../../secrets/judge.ts';
import { secretNote } from '../../secrets/note.ts';

/**
 * secret_findings.json of a run: what looked like a secret in what it changed and in what was recorded
 * of it. Never a value.
 */
const secretFinding = secretNote.extend({
  /**
   * `diff`: in content or a commit the run brought in. `file`: in a changed file, but there before.
   * `event`: hidden in the record of the run; `seq` is the first of them.
   */
  where: z.object({
    kind: z.enum(['diff', 'file', 'event']),
    path: z.string().optional(),
    line: z.number().optional(),
    seq: z.number().optional(),
    /** It is in this commit, and not in the files as they are now. */
    commit: z.string().optional(),
  }),
  /** How often, where more than once. */
  count: z.number().optional(),
  preexisting: z.literal(true).optional(),
  /** The user's policy lists its fingerprint. */
  allowed: z.literal(true).optional(),
});
export type SecretFinding = z.infer<typeof secretFinding>;

const notScanned = z.object({ path: z.string(), reason: z.string() });
export type NotScanned = z.infer<typeof notScanned>;

export const secretFindings = z.object({
  schema_version: z.number(),
  findings: z.array(secretFinding),
  /** More were found than are kept. */
  omitted: z.number(),
  scanned: z.object({
    /** Number of the last event that was looked through. */
    events: z.number(),
    files: z.number(),
    bytes: z.number(),
    /**
     * Without a snapshot of the start nothing can be compared (`no_snapshot`; a read-only run has none);
     * `not_yet`: the run goes on.
     */
    changes: z.enum(['scanned', 'no_snapshot', 'not_yet', 'failed']),
    not_scanned: z.array(notScanned),
  }),
});
export type SecretFindings = z.infer<typeof secretFindings>;

const MAX_FINDINGS = 500;

/** The most serious first, then what the run brought in; of those that are too many the last go. */
export function ranked(findings: readonly SecretFinding[]): {
  findings: SecretFinding[];
  omitted: number;
} {
  const sorted = [...findings].sort(
    (a, b) =>
      rankOf(a.class) - rankOf(b.class) ||
      KINDS.indexOf(a.where.kind) - KINDS.indexOf(b.where.kind),
  );
  return {
    findings: sorted.slice(0, MAX_FINDINGS),
    omitted: sorted.length - Math.min(sorted.length, MAX_FINDINGS),
  };
}

const KINDS = ['diff', 'event', 'file'];

function rankOf(is: SecretClass): number {
  return SECRET_CLASSES.indexOf(is);
}

/** What the user has looked at and allowed is a placeholder. */
export function withAllowed(
  findings: readonly SecretFinding[],
  allow: readonly string[],
): SecretFinding[] {
  if (allow.length === 0) return [...findings];
  return findings.map((finding) =>
    allow.includes(finding.fingerprint) && finding.rule !== 'known-credential'
      ? { ...finding, class: 'placeholder', allowed: true }
      : finding,
  );
}

export function countsOf(findings: readonly SecretFinding[]): Partial<Record<SecretClass, number>> {
  const counts: Partial<Record<SecretClass, number>> = {};
  for (const is of SECRET_CLASSES) {
    const count = findings.filter((finding) => finding.class === is).length;
    if (count > 0) counts[is] = count;
  }
  return counts;
}
