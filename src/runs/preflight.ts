import type { Progress } from './progress.ts';
import type { RunRecord } from './record.ts';
import { routeMismatch } from './route.ts';

/**
 * What is wrong with the route a worker says it will take, or undefined. The worker tells it before it
 * has its task (the answers to `initialize` and `get_settings`) and once more when a turn begins.
 * Nothing is concluded from silence or from words that are not known.
 */
export function launchMismatch(
  record: Pick<RunRecord, 'model' | 'profile'>,
  progress: Progress,
): string | undefined {
  return wrongModel(record, progress) ?? wrongSignIn(record.profile.auth, progress);
}

/** The model the worker says it will use, as long as none has answered. */
export function announcedModels({ preflight, ready }: Progress): string[] {
  return [preflight?.model, ready?.model].filter((model) => model !== undefined);
}

function wrongModel({ model }: Pick<RunRecord, 'model'>, progress: Progress): string | undefined {
  // From then on the model is the controller's, and the end of the run will show what answered.
  if (progress.models_asked !== undefined) return undefined;
  const mismatch = routeMismatch(model, announcedModels(progress));
  if (mismatch === undefined) return undefined;
  return `asked for ${mismatch.declared}, the worker would use ${mismatch.actual.join(', ')}`;
}

type SignIn = {
  /** `account.tokenSource` of `initialize`: whose bearer token. */
  token?: string | undefined;
  /** `apiKeySource`: whose x-api-key. */
  key?: string | undefined;
  provider?: string | undefined;
};

const BEARER = 'ANTHROPIC_AUTH_TOKEN';
const API_KEY = 'ANTHROPIC_API_KEY';
const HELPER = 'apiKeyHelper';
const OWN_API = 'firstParty';
const NOTHING = 'none';

/** By the profile's way to sign in: what proves that the worker signs in otherwise (2.1.329). */
const WRONG: Readonly<Record<string, (found: SignIn) => boolean>> = {
  auth_token: ({ token, key, provider }) =>
    token === NOTHING || token === HELPER || key === API_KEY || key === HELPER || isCloud(provider),
  api_key: ({ token, key, provider }) =>
    token === BEARER || token === HELPER || key === NOTHING || key === HELPER || isCloud(provider),
  login: ({ token, key, provider }) =>
    token === BEARER || token === HELPER || key === API_KEY || key === HELPER || isCloud(provider),
  cloud: ({ provider }) => provider === OWN_API,
};

function wrongSignIn(auth: string | undefined, progress: Progress): string | undefined {
  const { initialized, ready } = progress;
  const found: SignIn = {
    token: initialized?.token_source,
    key: ready?.key_source ?? initialized?.key_source,
    provider: initialized?.provider,
  };
  if (auth === undefined || !WRONG[auth]?.(found)) return undefined;
  const told = Object.entries(found).flatMap(([what, value]) => value && `${what} ${value}`);
  return `the profile signs in by ${auth}, the worker says: ${told.join(', ')}`;
}

function isCloud(provider: string | undefined): boolean {
  return provider !== undefined && ['bedrock', 'vertex', 'foundry'].includes(provider);
}
