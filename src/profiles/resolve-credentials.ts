import { CcError } from '../core/errors.ts';
import type { Credentials } from './credentials.ts';
import { findCandidates } from './find-candidates.ts';
import { idList } from './lookup.ts';
import type { Profile, ProfileHost } from './profile.ts';

/**
 * The credentials of one profile, read at the moment they are needed. The profile is named by id, so
 * that a supervisor can ask again later; a profile that is gone or broken by then is an error.
 *
 * `preview` runs no token command: what it would print is left out of the values, not of the names.
 */
export async function resolveCredentials(
  { id }: Pick<Profile, 'id'>,
  host: ProfileHost,
  options: { preview?: boolean } = {},
): Promise<Credentials> {
  const { candidates, unread } = await findCandidates(host);
  const candidate = candidates.find(({ profile }) => profile.id === id);
  if (candidate === undefined) {
    if (unread !== undefined) {
      throw new CcError('PROFILE_UNUSABLE', `The profile ${id} cannot be looked up. ${unread}`, {
        hint: 'Call again in a moment, or choose another profile (cc_list_profiles).',
        retryable: true,
      });
    }
    throw new CcError('PROFILE_NOT_FOUND', `There is no profile ${JSON.stringify(id)} any more.`, {
      hint: `Profiles here: ${idList(candidates.map(({ profile }) => profile))}.`,
    });
  }
  const { usable, reason } = candidate.profile;
  if (!usable) {
    throw new CcError(
      'PROFILE_UNUSABLE',
      `The profile ${id} cannot be used. ${reason ?? ''}`.trim(),
      {
        hint: 'Complete it, or choose another profile (cc_list_profiles).',
      },
    );
  }
  return options.preview ? candidate.known : candidate.credentials();
}

/** Every secret of every profile, for the redactor of a process that may see any of them. */
export async function knownSecrets(host: ProfileHost): Promise<string[]> {
  const { candidates } = await findCandidates(host);
  return [...new Set(candidates.flatMap(({ known }) => known.secrets))];
}
