import { findCandidates } from './find-candidates.ts';
import type { PriceTable } from './price.ts';
import type { Profile, ProfileHost } from './profile.ts';

export type ProfileList = {
  profiles: Profile[];
  warnings: string[];
  /** CC Switch's table, for `priceFor`. */
  prices: PriceTable;
};

/** Every profile on this machine, usable or not. Writes nothing and shows no secret. */
export async function listProfiles(host: ProfileHost): Promise<ProfileList> {
  const { candidates, warnings, prices } = await findCandidates(host);
  return {
    profiles: candidates.map(({ profile }) => profile),
    warnings: [...warnings],
    prices,
  };
}
