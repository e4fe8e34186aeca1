import { createRedactor, type Redactor } from '../core/redact.ts';
import { oneLine } from '../core/text.ts';
import type { Candidate } from './candidate.ts';
import { findInCcSwitch } from './ccswitch/find.ts';
import { findInEnvironment } from './environment.ts';
import { findOfficial } from './official.ts';
import type { PriceTable } from './price.ts';
import type { Profile, ProfileHost, ProfileModels } from './profile.ts';

const MAX_NAME = 80;
const MAX_TEXT = 500;

export type ProfileList = {
  profiles: Profile[];
  warnings: string[];
  /** CC Switch's table, for `priceFor`. */
  prices: PriceTable;
};

/** Every profile on this machine, usable or not. Writes nothing and shows no secret. */
export async function listProfiles(host: ProfileHost): Promise<ProfileList> {
  const { candidates, warnings, prices } = await findCandidates(host);
  return { profiles: candidates.map(({ profile }) => profile), warnings, prices };
}

/** The same with the way to the credentials; only for this folder. */
export async function findCandidates(
  host: ProfileHost,
): Promise<{ candidates: Candidate[]; warnings: string[]; prices: PriceTable }> {
  const [official, ccSwitch] = await Promise.all([findOfficial(host), findInCcSwitch(host)]);
  const environment = findInEnvironment(host);
  const all = [...official.candidates, ...environment.candidates, ...ccSwitch.candidates];
  // One provider's token may stand in another one's name or address, so all are hidden everywhere.
  const redactor = createRedactor(all.flatMap(({ credentials }) => credentials().secrets));
  const taken = new Set<string>();
  const candidates = all.map(({ profile, credentials }) => ({
    profile: presentable(profile, redactor, taken),
    credentials,
  }));
  const warnings = [...official.warnings, ...environment.warnings, ...ccSwitch.warnings];
  return {
    candidates,
    warnings: warnings.map((text) => clean(text, redactor)),
    prices: ccSwitch.prices,
  };
}

/** What came from files and variables made safe to show: one line, no control characters, no secret. */
function presentable(profile: Profile, redactor: Redactor, taken: Set<string>): Profile {
  const id = unique(clean(profile.id, redactor).replace(UNPRINTABLE, '-'), taken);
  const { reason, base_url: address } = profile;
  return {
    ...profile,
    id,
    name: oneLine(redactor(profile.name), MAX_NAME) || id,
    ...(reason === undefined ? {} : { reason: clean(reason, redactor) }),
    ...(address === undefined ? {} : { base_url: clean(address, redactor) }),
    models: Object.fromEntries(
      Object.entries(profile.models).map(([tier, model]) => [tier, clean(model, redactor)]),
    ) as ProfileModels,
    warnings: profile.warnings.map((text) => clean(text, redactor)),
  };
}

const UNPRINTABLE = /[^\p{L}\p{N}._:~@+-]/gu;

function clean(text: string, redactor: Redactor): string {
  return oneLine(redactor(text), MAX_TEXT);
}

function unique(id: string, taken: Set<string>): string {
  let free = id;
  for (let count = 2; taken.has(free); count += 1) free = `${id}~${count}`;
  taken.add(free);
  return free;
}
