import { type DetectOptions, detect, type Hit, MARK, namedHit } from '../secrets/detect.ts';
import { KnownSecrets } from '../secrets/known.ts';
import { isSecretName } from '../secrets/patterns.ts';

/**
 * Hides secrets in everything that is stored for reading or returned: events, summaries, results,
 * errors, logs. Never applied to what is sent to the worker, to source code or to snapshots.
 *
 * Exact values known to this process (a profile's token), and what looks like a credential
 * (src/secrets). The shapes are narrow: a redactor that eats commit hashes is unusable.
 */
export type Redactor = (text: string, tell?: Tell) => string;

/** What was hidden: a known value or the shape of a credential, or what stands beside a secret's name. */
export type Hidden = 'credential' | 'assignment';

/** Hears of everything that is hidden. The hit holds the secret itself. */
export type Tell = (what: Hidden, hit: Hit) => void;

export type RedactorOptions = Pick<DetectOptions, 'more' | 'path'> & {
  /** Hides only what somebody would have to worry about, for source code must stay what it is. */
  source?: boolean;
};

const MIN_KNOWN_SECRET = 6;
const MIN_ASSIGNED = 8;
/** Names of fields are nearly always short, and ours. */
const MIN_NAME_WITH_SECRET = 16;

/** A redactor that also hides these exact values, also encoded or in pieces. */
export function createRedactor(
  knownSecrets: Iterable<string> | KnownSecrets = [],
  { source = false, ...rest }: RedactorOptions = {},
): Redactor {
  const known =
    knownSecrets instanceof KnownSecrets ? knownSecrets : new KnownSecrets(knownSecrets);
  const options = { ...rest, known };
  const isHidden = source ? isWorrying : isNoReference;
  return (text, tell) => {
    const hits = detect(text, options).filter(isHidden);
    if (hits.length === 0) return text;
    let out = '';
    let from = 0;
    for (const hit of hits) {
      out += text.slice(from, hit.valueStart) + MARK;
      from = hit.end;
      tell?.(whatOf(hit), hit);
    }
    return out + text.slice(from);
  };
}

function isWorrying(hit: Hit): boolean {
  return hit.class === 'real_candidate' || (hit.class === 'unknown' && hit.kind !== 'named');
}

function isNoReference(hit: Hit): boolean {
  return hit.rule !== 'entropy' || hit.class === 'real_candidate' || hit.class === 'unknown';
}

function whatOf({ rule, kind, class: is }: Hit): Hidden {
  if (kind === 'named') return rule === 'authorization' ? 'credential' : 'assignment';
  return is === 'identifier' ? 'assignment' : 'credential';
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
 * Redacts every string inside a JSON value, names of fields included; the structure stays. What stands
 * under the name of a secret is one, as it would be in the same JSON written out.
 */
export function redactJson<T>(value: T, redactor: Redactor = redact, tell?: Tell): T {
  return mapStrings(value, redactor, tell) as T;
}

function mapStrings(value: unknown, redactor: Redactor, tell?: Tell): unknown {
  if (typeof value === 'string') return redactor(value, tell);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, redactor, tell));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const name = key.length < MIN_NAME_WITH_SECRET ? key : redactor(key, tell);
      if (!isNamedSecret(key, item)) return [name, mapStrings(item, redactor, tell)];
      if (item !== MARK) tell?.('assignment', namedHit(key, item));
      return [name, MARK];
    }),
  );
}

function isNamedSecret(key: string, item: unknown): item is string {
  return typeof item === 'string' && item.length >= MIN_ASSIGNED && isSecretName(key);
}
