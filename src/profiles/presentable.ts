import { digestOf } from '../core/ids.ts';
import { createRedactor } from '../core/redact.ts';
import { oneLine, truncate } from '../core/text.ts';
import type { Candidate, Found } from './candidate.ts';
import type { Profile, ProfileModels } from './profile.ts';

const MAX_NAME = 80;
const MAX_TEXT = 500;

/**
 * What came from files and variables made safe to show: one line, no control characters, no secret.
 * One provider's token may stand in another one's name or address, so all are hidden everywhere.
 */
export function presentable({ candidates, warnings }: Found): Found {
  const clean = cleaner(candidates, warnings);
  return {
    candidates: candidates.map((candidate) => ({
      ...candidate,
      profile: Object.freeze(mapTexts(candidate.profile, clean)),
    })),
    warnings: warnings.map(clean),
  };
}

type Clean = (text: string) => string;

function cleaner(candidates: readonly Candidate[], warnings: readonly string[]): Clean {
  const texts = new Set(warnings);
  const collect = (text: string) => {
    texts.add(text);
    return text;
  };
  for (const { profile } of candidates) mapTexts(profile, collect);
  // Looking each of hundreds of secrets up in each of thousands of texts takes longer than all the
  // rest. Hardly any of them stands anywhere, and most texts are the same.
  const everything = [...texts].join('\n');
  const secrets = new Set(candidates.flatMap(({ known }) => known.secrets));
  const redactor = createRedactor([...secrets].filter((secret) => everything.includes(secret)));
  const cleaned = new Map([...texts].map((text) => [text, oneLine(redactor(text), MAX_TEXT)]));
  return (text) => cleaned.get(text) ?? '';
}

/** A profile with other texts: everything in it that somebody else has written. */
function mapTexts(profile: Profile, map: Clean): Profile {
  const id = mapId(profile.id, map);
  const { reason, base_url: address, prices } = profile;
  const mapKeys = <T>(record: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(record).map(([key, item]) => [map(key), item]));
  return {
    ...profile,
    id,
    name: truncate(map(profile.name), MAX_NAME) || id,
    ...(reason === undefined ? {} : { reason: map(reason) }),
    ...(address === undefined ? {} : { base_url: map(address) }),
    models: Object.fromEntries(
      Object.entries(profile.models).map(([tier, model]) => [tier, map(model)]),
    ) as ProfileModels,
    ...(prices === undefined ? {} : { prices: mapKeys(prices) }),
    warnings: profile.warnings.map(map),
  };
}

const DIGEST_CHARS = 8;
const UNPRINTABLE = /[^\p{L}\p{N}._:~@+-]/gu;

/**
 * Two ids must not become one, nor change places when a list is put in another order: credentials are
 * fetched by them. So one that had to be changed carries a digest of what it was.
 */
function mapId(id: string, map: Clean): string {
  const shown = map(id).replace(UNPRINTABLE, '-');
  return shown === id ? id : `${shown}~${digestOf(id).slice(0, DIGEST_CHARS)}`;
}
