/** One model at one profile: what evidence is kept of. */
export type Route = { profile: string; model: string };

/** The key evidence is filed under. The spelling of a model (`[1m]`, case) does not matter. */
export function routeKey({ profile, model }: Route): string {
  return `${profile}\n${bareModel(model)}`;
}

export function bareModel(model: string): string {
  return model
    .trim()
    .toLowerCase()
    .replace(/\[1m\]$/, '');
}

/** A profile as far as its limits go. */
export type AccountHolder = { id: string; account?: string | undefined };

/** What shares limits with a profile: all profiles of the same host and credentials. */
export function accountKey(profile: AccountHolder): string {
  return profile.account ?? `profile:${profile.id}`;
}
