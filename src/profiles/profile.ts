import type { Price } from './price.ts';

/**
 * Where a profile was found. `file` is profiles.yaml, `cc-switch-legacy` the config.json of versions
 * of CC Switch without a database.
 */
export type ProfileSource = 'official' | 'environment' | 'file' | 'cc-switch' | 'cc-switch-legacy';

/**
 * How a worker reaches the model.
 * - `login`: the worker CLI's own account; no variables are given to it.
 * - `direct`: speaks the Messages API at `base_url` with its own token.
 * - `cloud`: Bedrock, Vertex or Foundry with its own credentials.
 * - `proxy_only`: works only behind CC Switch's local proxy.
 * - `residue`: what a proxy takeover left behind; not a provider.
 * - `incomplete`: something a worker needs is missing; `reason` says what.
 */
export type ProfileKind = 'login' | 'direct' | 'cloud' | 'proxy_only' | 'residue' | 'incomplete';

export type ProfileAuth = 'login' | 'auth_token' | 'api_key' | 'cloud' | 'none';

/** Model ids as `--model` takes them; a `[1m]` suffix (one million tokens of context) is kept. */
export type ProfileModels = {
  default?: string;
  opus?: string;
  sonnet?: string;
  haiku?: string;
  fable?: string;
};

/**
 * One provider with its models, as it may be shown to anybody. It never holds a credential: those
 * are fetched by id with `resolveCredentials` at the moment a worker starts, and only then.
 */
export type Profile = {
  /** `official`, `env`, `env:<name>`, `file:<name>` or `cc-switch:<provider id>`. */
  id: string;
  name: string;
  source: ProfileSource;
  kind: ProfileKind;
  usable: boolean;
  /** Why it is not usable, and what to do about it. */
  reason?: string;
  /** CC Switch's current provider for Claude Code on this machine. */
  current: boolean;
  auth: ProfileAuth;
  /** Only for `login`: `unknown` where the login lives in a keychain that is not read. */
  login_state?: 'present' | 'absent' | 'unknown';
  /** The same for all profiles that share host and credentials; tells nothing about either. */
  account?: string;
  /** Without user, password, query and fragment. Absent means the vendor's own default address. */
  base_url?: string;
  models: ProfileModels;
  /** Tokens that fit into the default model, when the profile says so. */
  context_window?: number;
  /** The profile's own price, for every model of it that `prices` does not name. See `priceFor`. */
  price?: Price;
  /** The profile's own prices by model id. */
  prices?: Readonly<Record<string, Price>>;
  /** Factor on prices from a table (a reseller's discount or surcharge). */
  cost_multiplier?: number;
  /** USD the user means to spend at most, as CC Switch keeps it. Advice; nothing here enforces it. */
  limits?: { daily_usd?: number; monthly_usd?: number };
  /** Where a field was found, in words a person can follow up. */
  provenance?: Readonly<Partial<Record<ProvenField, string>>>;
  warnings: string[];
};

export type ProvenField = 'base_url' | 'token' | 'default_model' | 'context_window';

/** What profiles are found in. Passed explicitly; nothing below reads `process.env`. */
export type ProfileHost = {
  env: Readonly<Record<string, string | undefined>>;
  home: string;
  platform: NodeJS.Platform;
  /** The user's own profiles.yaml. */
  profilesFile?: string;
  /** Where a private copy of CC Switch's database may live for a moment; the system's by default. */
  tmp?: string;
};
