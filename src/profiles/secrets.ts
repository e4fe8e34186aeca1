import { isObject } from '../core/json.ts';

const SECRET_NAME =
  /key|token|secret|passw|credential|authori[sz]ation|cookie|private|bearer|(?:^|[-_])auth(?:$|[-_])/i;
// Names that hold the word but no secret: the name of a variable, the path of a file.
const HARMLESS_NAME = /^(?:apiKeyField|GOOGLE_APPLICATION_CREDENTIALS)$/;
const HEADERS_NAME = /headers$/i;
// Local servers take any word as a token. Hiding "ollama", "deepseek" or "true" everywhere would
// damage ordinary text and model ids, and protect nothing.
const WORD = /^[a-z-]{1,11}$|^(?:not-?needed|sk-no-key-required|\d{1,12})$/i;
// The name of a variable, or CC Switch's PROXY_MANAGED; case matters, tokens look like `ghp_…`.
const VARIABLE = /^[A-Z]+(?:_[A-Z0-9]+)+$/;
const RANDOM = /^(?=.*\d)(?=.*[a-z])[\w+/=.~-]{20,}$/i;
const SCHEME = /^(?:Bearer|Basic)\s+/i;
const MIN_LENGTH = 6;

/** Every secret inside a JSON value: what sits under a name like `apiKey`, in headers, in addresses. */
export function secretsIn(value: unknown): string[] {
  const found = new Set<string>();
  collect(value, false, found);
  return [...found].filter(
    (text) => text.length >= MIN_LENGTH && !WORD.test(text) && !VARIABLE.test(text),
  );
}

function collect(value: unknown, secret: boolean, found: Set<string>): void {
  if (typeof value === 'string') {
    if (secret) found.add(value.trim());
    for (const part of urlSecrets(value)) found.add(part);
  } else if (Array.isArray(value)) {
    for (const item of value) collect(item, secret, found);
  } else if (isObject(value)) {
    for (const [name, item] of Object.entries(value)) {
      if (HEADERS_NAME.test(name)) {
        for (const part of headerSecrets(item)) found.add(part);
      }
      collect(item, secret || (SECRET_NAME.test(name) && !HARMLESS_NAME.test(name)), found);
    }
  }
}

/** Headers as an object or as `Name: value` lines; most are harmless (`Accept: application/json`). */
function headerSecrets(value: unknown): string[] {
  const pairs = isObject(value)
    ? Object.entries(value)
    : String(value)
        .split(/\r?\n/)
        .map(
          (line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)] as const,
        );
  return pairs.flatMap(([name, content]) => {
    const text = String(content).trim();
    const bare = text.replace(SCHEME, '');
    return SECRET_NAME.test(name) || RANDOM.test(bare) ? [text, bare] : [];
  });
}

/** The user, password and query values of an address; gateways take keys there. */
function urlSecrets(text: string): string[] {
  if (!URL.canParse(text)) return [];
  const { username, password, searchParams } = new URL(text);
  const parts = [username, password, ...searchParams.values()].filter((part) => part.length >= 8);
  return [...parts, ...parts.map(decoded)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
