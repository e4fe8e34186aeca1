import { CcError } from '../core/errors.ts';

/** The format this build writes. Readers ignore unknown fields; a newer format is never rewritten. */
export const SCHEMA_VERSION = 1;

export type Versioned = { schema_version: number };

/** Refuses to write to, or take over, something a newer cc-orchestrator has written. */
export function requireWritableVersion(value: Versioned, what: string): void {
  if (value.schema_version <= SCHEMA_VERSION) return;
  throw new CcError(
    'FORMAT_TOO_NEW',
    `${what} has format ${value.schema_version}; this build writes up to ${SCHEMA_VERSION}.`,
    { hint: 'Use the cc-orchestrator version that wrote it, or upgrade this one.' },
  );
}
