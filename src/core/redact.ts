/**
 * Hides secrets in everything that is stored for reading or returned: events, summaries, results,
 * errors, logs. Never applied to what is sent to the worker, to source code or to snapshots.
 *
 * Two layers: exact values known to this process (a profile's token), and the shapes of common
 * credentials. The shapes are deliberately narrow: a redactor that eats commit hashes is unusable.
 */
export type Redactor = (text: string) => string;

const SHAPES: readonly RegExp[] = [
  /\bsk-(?:ant-|proj-|or-v1-|live-)?[A-Za-z0-9_-]{20,}/g,
  /\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{30,}\b/g,
  /\bgithub_pat_[A-Za-z0-9_]{40,}\b/g,
  /\bglpat-[A-Za-z0-9_-]{20,}/g,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}/g,
  /\bAKIA[0-9A-Z]{16}\b/g,
  /\bAIza[0-9A-Za-z_-]{35}\b/g,
  /\bnpm_[A-Za-z0-9]{36}\b/g,
  /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];
const BEARER = /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/-]{12,}=*/gi;
const ASSIGNED =
  /((?:api[_-]?key|auth[_-]?token|access[_-]?token|client[_-]?secret|password|passwd)["']?\s*[:=]\s*["']?)([^\s"',;}{)]{8,})/gi;
const URL_PASSWORD = /(:\/\/[^\s/:@]+:)[^\s/@]+@/g;

const MARK = '[redacted]';
const MIN_KNOWN_SECRET = 6;

/** A redactor that also hides these exact values (longest first, so that no tail survives). */
export function createRedactor(knownSecrets: Iterable<string> = []): Redactor {
  const known = [...new Set(knownSecrets)]
    .filter((secret) => secret.length >= MIN_KNOWN_SECRET)
    .sort((a, b) => b.length - a.length);
  return (text) => {
    let out = text;
    for (const secret of known) out = out.replaceAll(secret, MARK);
    for (const shape of SHAPES) out = out.replace(shape, MARK);
    return out
      .replace(BEARER, `$1 ${MARK}`)
      .replace(ASSIGNED, `$1${MARK}`)
      .replace(URL_PASSWORD, `$1${MARK}@`);
  };
}

/** The redactor of code that knows no particular secret. */
export const redact: Redactor = createRedactor();

/** Redacts every string inside a JSON value; keys and structure stay. */
export function redactJson<T>(value: T, redactor: Redactor = redact): T {
  return mapStrings(value, redactor) as T;
}

function mapStrings(value: unknown, redactor: Redactor): unknown {
  if (typeof value === 'string') return redactor(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, redactor));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mapStrings(item, redactor)]),
  );
}
