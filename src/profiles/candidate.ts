import type { Credentials } from './credentials.ts';
import type { Profile } from './profile.ts';

/**
 * A profile together with the way to its credentials. Internal to this folder: what leaves it is
 * either the profile or the credentials, never both in one object.
 */
export type Candidate = {
  profile: Profile;
  /** What is known without running anything: everything but the token that a command prints. */
  known: Credentials;
  /** All of it; runs the token command where there is one. */
  credentials: () => Promise<Credentials>;
};

/** A candidate whose credentials are known. */
export function candidateOf(profile: Profile, known: Credentials): Candidate {
  return { profile, known, credentials: async () => known };
}

/** What a source of profiles found, and what a person should know about it. */
export type Found = {
  candidates: Candidate[];
  warnings: string[];
  /** Why a source that is there could not be read; trying again may help. */
  unread?: string;
};
