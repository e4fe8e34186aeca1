import type { Candidate, Found } from './candidate.ts';
import type { Variables } from './credentials.ts';
import { assessEndpoint, incomplete, type Wording } from './endpoint.ts';
import { endpointCandidate } from './endpoint-profile.ts';
import { positiveInteger } from './models.ts';
import { isPlaceholder } from './placeholder.ts';
import type { Price } from './price.ts';
import { parsePrice } from './prices.ts';
import type { ProfileHost } from './profile.ts';
import { allowedVariables } from './worker-env.ts';

const ENV_PREFIX = 'env:';

const FIELDS = [
  'BASE_URL',
  'AUTH_TOKEN',
  'API_KEY',
  'MODEL',
  'LABEL',
  'PRICE_INPUT',
  'PRICE_OUTPUT',
  'PRICE_CACHE_READ',
  'PRICE_CACHE_WRITE',
  'CONTEXT_WINDOW',
] as const;
type Field = (typeof FIELDS)[number];
type Fields = Partial<Record<Field, string>>;

const NAMED = new RegExp(`^CC_PROFILE_([A-Z0-9][A-Z0-9_]*?)_(${FIELDS.join('|')})$`, 'i');
export const REMEDY = 'Set it in the environment this server is started with.';

/** One profile for every NAME in CC_PROFILE_<NAME>_<FIELD>. */
export function findNamed(host: ProfileHost): Found {
  const { profiles, warnings } = groupByName(host);
  const candidates = [...profiles].map(([name, fields]) => namedCandidate(name, fields));
  return { candidates, warnings };
}

function groupByName(host: ProfileHost): { profiles: Map<string, Fields>; warnings: string[] } {
  const profiles = new Map<string, Fields>();
  const warnings: string[] = [];
  for (const variable of Object.keys(host.env).sort()) {
    const value = host.env[variable]?.trim();
    if (!/^CC_PROFILE_/i.test(variable) || !value) continue;
    const [, name, field] = NAMED.exec(variable) ?? [];
    if (name === undefined || field === undefined) {
      const fields = FIELDS.map((known) => `_${known}`).join(', ');
      warnings.push(
        `${variable} is not understood. A name is CC_PROFILE_<NAME> and one of ${fields}.`,
      );
      continue;
    }
    const fields = profiles.get(name.toLowerCase()) ?? {};
    const key = field.toUpperCase() as Field;
    if (fields[key] !== undefined)
      warnings.push(`${variable} is set twice in different case; the first is used.`);
    profiles.set(name.toLowerCase(), { ...fields, [key]: fields[key] ?? value });
  }
  return { profiles, warnings };
}

function namedCandidate(name: string, fields: Fields): Candidate {
  const prefix = `CC_PROFILE_${name.toUpperCase()}_`;
  const warnings: string[] = [];
  const price = priceFrom(fields, prefix, warnings);
  const variables = variablesFrom(fields, prefix, warnings);
  const wording: Wording = {
    nameOf: (variable) => `${prefix}${variable.replace(/^ANTHROPIC_/, '')}`,
    remedy: REMEDY,
  };
  const assessment =
    variables.ANTHROPIC_BASE_URL === undefined
      ? incomplete(`It has no address (${prefix}BASE_URL). ${REMEDY}`)
      : assessEndpoint(variables, wording);
  const identity = {
    id: `${ENV_PREFIX}${name}`,
    name: fields.LABEL ?? name,
    source: 'environment',
    current: false,
    ...(price === undefined ? {} : { price }),
    warnings,
  } as const;
  return endpointCandidate(identity, {
    variables,
    assessment,
    raw: fields,
    origin: (name) =>
      name.startsWith('CLAUDE_CODE_') ? `${prefix}CONTEXT_WINDOW` : wording.nameOf(name),
  });
}

function variablesFrom(fields: Fields, prefix: string, warnings: string[]): Variables {
  const window = positiveInteger(fields.CONTEXT_WINDOW);
  if (fields.CONTEXT_WINDOW !== undefined && window === undefined) {
    warnings.push(`${prefix}CONTEXT_WINDOW is not a number of tokens; it is ignored.`);
  }
  if (fields.MODEL !== undefined && isPlaceholder(fields.MODEL)) {
    warnings.push(`${prefix}MODEL is only a placeholder; it is ignored.`);
  }
  return allowedVariables({
    ANTHROPIC_BASE_URL: fields.BASE_URL,
    ANTHROPIC_AUTH_TOKEN: fields.AUTH_TOKEN,
    ANTHROPIC_API_KEY: fields.API_KEY,
    ANTHROPIC_MODEL:
      fields.MODEL !== undefined && isPlaceholder(fields.MODEL) ? undefined : fields.MODEL,
    CLAUDE_CODE_MAX_CONTEXT_TOKENS: window,
    CLAUDE_CODE_AUTO_COMPACT_WINDOW: window,
  });
}

function priceFrom(fields: Fields, prefix: string, warnings: string[]): Price | undefined {
  const given = (
    ['PRICE_INPUT', 'PRICE_OUTPUT', 'PRICE_CACHE_READ', 'PRICE_CACHE_WRITE'] as const
  ).filter((field) => fields[field] !== undefined);
  if (given.length === 0) return undefined;
  const bad = given.filter((field) => parsePrice(fields[field]) === undefined);
  if (bad.length > 0) {
    const names = bad.map((field) => prefix + field).join(', ');
    warnings.push(`${names}: not an amount of USD per million tokens; the price is unknown.`);
    return undefined;
  }
  const input = parsePrice(fields.PRICE_INPUT);
  const output = parsePrice(fields.PRICE_OUTPUT);
  if (input === undefined || output === undefined) {
    warnings.push(`A price needs ${prefix}PRICE_INPUT and ${prefix}PRICE_OUTPUT; it is unknown.`);
    return undefined;
  }
  const cacheRead = parsePrice(fields.PRICE_CACHE_READ);
  const cacheWrite = parsePrice(fields.PRICE_CACHE_WRITE);
  return {
    input,
    output,
    ...(cacheRead === undefined ? {} : { cache_read: cacheRead }),
    ...(cacheWrite === undefined ? {} : { cache_write: cacheWrite }),
    currency: 'USD',
    per: 1_000_000,
    source: 'profile',
  };
}
