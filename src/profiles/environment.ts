import type { Candidate, Found } from './candidate.ts';
import { assessEndpoint, incomplete, type Wording } from './endpoint.ts';
import { endpointCandidate } from './endpoint-profile.ts';
import { findNamed, REMEDY } from './environment-named.ts';
import type { ProfileHost } from './profile.ts';
import { allowedVariables } from './worker-env.ts';

const ENV_ID = 'env';

const ASKING = [
  'ANTHROPIC_BASE_URL',
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_API_KEY',
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
  'CLAUDE_CODE_USE_FOUNDRY',
] as const;
// Claude Code hands the variables of a takeover on to the servers it starts.
const TAKEOVER =
  "The environment comes from CC Switch's proxy takeover (token PROXY_MANAGED). Use the provider's own profile; to go through the proxy on purpose set CC_PROFILE_<NAME>_BASE_URL and any CC_PROFILE_<NAME>_AUTH_TOKEN.";

/** Profiles from variables: the plain ANTHROPIC_* ones, then every CC_PROFILE_<NAME>_*. */
export function findInEnvironment(host: ProfileHost): Found {
  const plain = plainCandidate(host);
  const named = findNamed(host);
  return {
    candidates: [...(plain === undefined ? [] : [plain]), ...named.candidates],
    warnings: named.warnings,
  };
}

function plainCandidate(host: ProfileHost): Candidate | undefined {
  const variables = allowedVariables(host.env);
  if (!ASKING.some((name) => variables[name] !== undefined)) return undefined;
  const wording: Wording = { nameOf: (name) => name, remedy: REMEDY };
  const assessment =
    variables.ANTHROPIC_AUTH_TOKEN === 'PROXY_MANAGED'
      ? incomplete(TAKEOVER)
      : assessEndpoint(variables, wording);
  const identity = { id: ENV_ID, name: 'Environment', source: 'environment' } as const;
  return endpointCandidate(
    { ...identity, current: false },
    { variables, assessment, raw: variables, origin: (name) => name },
  );
}
