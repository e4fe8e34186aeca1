import { CcError } from '../core/errors.ts';
import { redact } from '../core/redact.ts';
import { oneLine } from '../core/text.ts';
import type { Profile } from './profile.ts';

const IDS_SHOWN = 30;

/** The profile a person means: by id, by exact name, or by what is clear without case and prefix. */
export function lookUpProfile<T extends Profile>(profiles: readonly T[], wanted: string): T {
  const key = plain(wanted);
  const byId = profiles.find((profile) => plain(profile.id) === key);
  if (byId !== undefined) return byId;

  const exact = profiles.filter((profile) => plain(profile.name) === key);
  const folded = profiles.filter(({ id, name }) =>
    [name, id, id.slice(id.indexOf(':') + 1)].some(
      (text) => plain(text).toLowerCase() === key.toLowerCase(),
    ),
  );
  const matches = exact.length > 0 ? exact : folded;
  const [only, second] = matches;
  if (only !== undefined && second === undefined) return only;
  const shown = JSON.stringify(oneLine(redact(wanted), 60));
  if (only !== undefined) {
    throw new CcError('BAD_INPUT', `More than one profile is called ${shown}.`, {
      hint: `Give the id instead: ${idList(matches)}.`,
      details: { ids: matches.map(({ id }) => id) },
    });
  }
  throw new CcError('PROFILE_NOT_FOUND', `There is no profile ${shown}.`, {
    hint: `Profiles here: ${idList(profiles)}. cc_list_profiles shows their names, and what could not be read.`,
  });
}

/** Ids for a hint, with the name where the id does not say it. */
export function idList(profiles: readonly Profile[]): string {
  if (profiles.length === 0) return 'none';
  const shown = profiles
    .slice(0, IDS_SHOWN)
    .map(({ id, name }) => (id === name ? id : `${id} (${name})`));
  const more = profiles.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function plain(text: string): string {
  return text.trim().normalize('NFC');
}
