import { createRedactor, type Redactor } from '../core/redact.ts';

/**
 * Every secret of a profile that this process has come to know, for what it says when something goes
 * wrong: an error may quote what a caller passed, and a caller may have passed a token.
 */
const seen = new Set<string>();

export function rememberSecrets(secrets: readonly string[]): void {
  for (const secret of secrets) seen.add(secret);
}

/** Hides all of them, and what looks like one. */
export function seenRedactor(): Redactor {
  return createRedactor(seen);
}
