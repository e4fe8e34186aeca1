import type { Credentials } from './credentials.ts';
import type { Profile } from './profile.ts';

/**
 * A profile together with the way to its credentials. Internal to this folder: what leaves it is
 * either the profile or the credentials, never both in one object.
 */
export type Candidate = {
  profile: Profile;
  credentials: () => Credentials;
};

/** What a source of profiles found, and what a person should know about it. */
export type Found = { candidates: Candidate[]; warnings: string[] };
