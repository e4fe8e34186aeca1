import type { Candidate, Found } from '../candidate.ts';
import { Credentials } from '../credentials.ts';
import { type Assessment, assessEndpoint, incomplete, type Wording } from '../endpoint.ts';
import { endpointCandidate } from '../endpoint-profile.ts';
import { TIERS, tierVariable } from '../models.ts';
import type { Price } from '../price.ts';
import type { ProfileHost } from '../profile.ts';
import { secretsIn } from '../secrets.ts';
import { rememberSecrets } from '../seen-secrets.ts';
import { allowedVariables } from '../worker-env.ts';
import { checkProfile } from './problems.ts';
import { readProfilesFile } from './read.ts';
import type { FileProfile } from './schema.ts';
import { tokenFromCommand } from './token-command.ts';

const FILE_PREFIX = 'file:';

const NAME = /^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u;
/** In the place of a token that a command will print; a word nobody takes for a secret. */
const STAND_IN = 'by-command';
const WINDOWS = ['CLAUDE_CODE_MAX_CONTEXT_TOKENS', 'CLAUDE_CODE_AUTO_COMPACT_WINDOW'] as const;

/** The profiles of the user's own profiles.yaml. What is wrong with one leaves the others alone. */
export async function findInFile(host: ProfileHost): Promise<Found> {
  const path = host.profilesFile;
  if (path === undefined) return { candidates: [], warnings: [] };
  const { entries, isPrivate, problems } = await readProfilesFile(path);
  const warnings = problems.map((problem) => `${path}: ${problem}`);
  const candidates = entries.map(([name, value]) => {
    const at = `profiles.${name}`;
    const checked = NAME.test(name)
      ? checkProfile(value, at, isPrivate)
      : {
          problems: [
            `${at}: not a name. It takes letters, digits, dot, dash and underscore, at most 64.`,
          ],
        };
    if ('profile' in checked) return candidateFrom(name, checked.profile, host);
    warnings.push(...checked.problems.map((problem) => `${path}: ${problem}`));
    return brokenCandidate(name, value, checked.problems, path);
  });
  return { candidates, warnings };
}

function candidateFrom(name: string, profile: FileProfile, host: ProfileHost): Candidate {
  const { label, price, prices, token_command: argv } = profile;
  const id = FILE_PREFIX + name;
  const tokenVariable = profile.auth === 'api_key' ? 'ANTHROPIC_API_KEY' : 'ANTHROPIC_AUTH_TOKEN';
  const variables = variablesOf(profile, tokenVariable, host);
  const candidate = endpointCandidate(
    {
      ...identity(name, label),
      ...(price === undefined ? {} : { price: priceFrom(price) }),
      ...(prices === undefined
        ? {}
        : {
            prices: Object.fromEntries(
              Object.entries(prices).map(([model, each]) => [model, priceFrom(each)]),
            ),
          }),
    },
    {
      variables,
      assessment: assess(name, profile, variables),
      raw: { token: profile.token, base_url: profile.base_url },
      tokenFrom: argv && JSON.stringify([argv, profile.token_command_env ?? []]),
      origin: (variable) => originOf(variable, name, profile),
    },
  );
  if (argv === undefined) return candidate;
  const { known } = candidate;
  const command = { id, argv, env: profile.token_command_env ?? [] };
  return {
    ...candidate,
    credentials: async () => {
      const token = await tokenFromCommand(command, host);
      const secrets = [...known.secrets, ...secretsIn({ token })];
      rememberSecrets(secrets);
      return new Credentials({ ...known.env, [tokenVariable]: token }, secrets);
    },
  };
}

function variablesOf(profile: FileProfile, tokenVariable: string, host: ProfileHost) {
  const { models = {}, context_window: window, token_env: name } = profile;
  const token = profile.token_command === undefined ? profile.token : STAND_IN;
  return allowedVariables({
    ANTHROPIC_BASE_URL: profile.base_url,
    [tokenVariable]: name === undefined ? token : host.env[name],
    ANTHROPIC_MODEL: models.default,
    ...Object.fromEntries(TIERS.map((tier) => [tierVariable(tier), models[tier]])),
    ...Object.fromEntries(WINDOWS.map((variable) => [variable, window])),
  });
}

function assess(
  name: string,
  profile: FileProfile,
  variables: Readonly<Record<string, string>>,
): Assessment {
  const { token_env: variable } = profile;
  const hasToken = variables.ANTHROPIC_AUTH_TOKEN ?? variables.ANTHROPIC_API_KEY;
  if (variable !== undefined && hasToken === undefined) {
    return incomplete(
      `Its token is not there: the environment variable ${variable} is not set. Set it in the environment this server is started with (Codex passes on only what env_vars names).`,
    );
  }
  const wording: Wording = {
    nameOf: (wanted) => originOf(wanted, name, profile),
    remedy: 'Correct it there.',
  };
  return assessEndpoint(variables, wording);
}

/** Where in the file a variable comes from. */
function originOf(variable: string, name: string, profile: FileProfile): string {
  const at = `profiles.${name}`;
  if (variable === 'ANTHROPIC_BASE_URL') return `${at}.base_url`;
  if (variable === 'ANTHROPIC_MODEL') return `${at}.models.default`;
  if (WINDOWS.some((one) => one === variable)) return `${at}.context_window`;
  if (profile.token_env !== undefined) return `the environment variable ${profile.token_env}`;
  return profile.token_command === undefined ? `${at}.token` : `${at}.token_command`;
}

/** Listed all the same, so that whoever asks for it learns what is wrong. */
function brokenCandidate(
  name: string,
  value: unknown,
  problems: readonly string[],
  path: string,
): Candidate {
  return endpointCandidate(identity(name), {
    variables: {},
    assessment: incomplete(`It is not valid in ${path}. ${problems.join(' ')}`),
    raw: value,
    origin: () => path,
  });
}

function identity(name: string, label?: string) {
  return {
    id: FILE_PREFIX + name,
    name: label ?? name,
    source: 'file',
    current: false,
  } as const;
}

function priceFrom(price: NonNullable<FileProfile['price']>): Price {
  const { cache_read, cache_write, ...rest } = price;
  return {
    ...rest,
    ...(cache_read === undefined ? {} : { cache_read }),
    ...(cache_write === undefined ? {} : { cache_write }),
    currency: 'USD',
    per: 1_000_000,
    source: 'profile',
  };
}
