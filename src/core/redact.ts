/**
 * Hides secrets in everything that is stored for reading or returned: events, summaries, results,
 * errors, logs. Never applied to what is sent to the worker, to source code or to snapshots.
 *
 * Two layers: exact values known to this process (a profile's token), and the shapes of common
 * credentials. The shapes are deliberately narrow: a redactor that eats commit hashes is unusable.
 */
export type Redactor = (text: string, tell?: (what: Hidden) => void) => string;

/** What was hidden: a known value or the shape of a credential, or what stands beside a secret's name. */
export type Hidden = 'credential' | 'assignment';

const SHAPES: readonly RegExp[] = [
  /\bsk-(?:ant-|proj-|or-v1-|live-)?[A-Za-z0-9_-]{20,}/g,
  /\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{30,}\b/g,
  /\bgithub_pat_[A-Za-z0-9_]{40,}\b/g,
  /\bglpat-[A-Za-z0-9_-]{20,}/g,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}/g,
  /\bAKIA[0-9A-Z]{16}\b/g,
  /\bAIza[0-9A-Za-z_-]{35}\b/g,
  /\bnpm_[A-Za-z0-9]{36}\b/g,
  // One start per run of these characters: from every `\b` a long `eyJ-eyJ-…` would cost its square.
  /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];
// A digit, padding or a change of case tells a credential from prose ("basic understanding").
const BEARER =
  /\b((?:[Bb]earer|BEARER|[Bb]asic|BASIC)\s+)(?=[A-Za-z._~+/-]*(?:[0-9=]|[a-z][A-Z]))[A-Za-z0-9._~+/-]{12,}=*/g;
const SECRET_NAME =
  '(?:api[_-]?key|auth[_-]?token|access[_-]?token|client[_-]?secret|secret[_-]?(?:access[_-]?)?key|password|passwd)';
// Quotes may be escaped, because JSON is often quoted inside JSON; a backslash before the closing
// quote is not part of the value.
const ASSIGNED = new RegExp(
  `(${SECRET_NAME}\\\\*["']?\\s*[:=]\\s*\\\\*["']?)((?:[^\\s"'\\\\,;}{)]|\\\\(?!\\\\*["'])){8,})`,
  'gi',
);
const SECRET_KEY = new RegExp(`${SECRET_NAME}$`, 'i');
const URL_PASSWORD = /(:\/\/[^\s/:@]*:)[^\s/@]+@/g;

const MARK = '[redacted]';
const MIN_KNOWN_SECRET = 6;
const MIN_ASSIGNED = 8;

/** A redactor that also hides these exact values (longest first, so that no tail survives). */
export function createRedactor(knownSecrets: Iterable<string> = []): Redactor {
  const known = formsOf(knownSecrets);
  return (text, tell) => {
    let out = text;
    for (const secret of known) out = out.replaceAll(secret, MARK);
    for (const shape of SHAPES) out = out.replace(shape, MARK);
    const sure = out.replace(BEARER, `$1${MARK}`);
    const all = sure.replace(ASSIGNED, `$1${MARK}`).replace(URL_PASSWORD, `$1${MARK}@`);
    if (tell !== undefined && all !== text) tell(sure === text ? 'assignment' : 'credential');
    return all;
  };
}

/**
 * Hides exact secrets in raw bytes, before anything is cut out of them: a secret that straddles a cut
 * would not be recognised afterwards. The bytes themselves are returned where there is none.
 */
export function createByteRedactor(knownSecrets: readonly string[]): (bytes: Buffer) => Buffer {
  const known = formsOf(knownSecrets);
  return (bytes) => {
    if (!known.some((secret) => bytes.includes(secret))) return bytes;
    let text = bytes.toString('utf8');
    for (const secret of known) text = text.replaceAll(secret, MARK);
    return Buffer.from(text);
  };
}

/** As they are, as they stand inside a JSON string, and inside JSON that is itself quoted; longest first. */
function formsOf(secrets: Iterable<string>): string[] {
  const quoted = (text: string) => JSON.stringify(text).slice(1, -1);
  const forms = [...secrets]
    .filter((secret) => secret.length >= MIN_KNOWN_SECRET)
    .flatMap((secret) => [secret, quoted(secret), quoted(quoted(secret))]);
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

/** The redactor of code that knows no particular secret. */
export const redact: Redactor = createRedactor();

/**
 * Redacts every string inside a JSON value; keys and structure stay. What stands under the name of a
 * secret is one, as it would be in the same JSON written out.
 */
export function redactJson<T>(
  value: T,
  redactor: Redactor = redact,
  tell?: (what: Hidden) => void,
): T {
  return mapStrings(value, redactor, tell) as T;
}

function mapStrings(value: unknown, redactor: Redactor, tell?: (what: Hidden) => void): unknown {
  if (typeof value === 'string') return redactor(value, tell);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, redactor, tell));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (!isNamedSecret(key, item)) return [key, mapStrings(item, redactor, tell)];
      tell?.('assignment');
      return [key, MARK];
    }),
  );
}

function isNamedSecret(key: string, item: unknown): boolean {
  return typeof item === 'string' && item.length >= MIN_ASSIGNED && SECRET_KEY.test(key);
}
