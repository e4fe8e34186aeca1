import { isLocalPort } from '../address.ts';
import { type Assessment, assessEndpoint, incomplete, type Wording } from '../endpoint.ts';
import { type JsonRecord, recordAt, textAt } from '../json.ts';
import { LOGIN_REMEDY } from '../official.ts';
import type { ProfileKind } from '../profile.ts';
import { allowedVariables } from '../worker-env.ts';
import { effectiveSettings, envOf, type Provider, type Snapshot } from './provider.ts';

const OAUTH_TYPES = new Set(['github_copilot', 'codex_oauth', 'xai_oauth']);
const OAUTH_ADDRESSES = ['githubcopilot.com', 'chatgpt.com/backend-api/codex'];
const FORMATS = new Set(['openai_chat', 'openai_responses', 'gemini_native']);
const WORDING: Wording = { nameOf: (name) => name, remedy: 'Complete the provider in CC Switch.' };

/**
 * Whether a worker can use a provider without CC Switch's proxy. The order is the app's own way of
 * deciding, the first hit wins.
 */
export function classify(provider: Provider, snapshot: Snapshot, hasLogin: boolean): Assessment {
  if (provider.settings === undefined) {
    return incomplete(
      'Its configuration in CC Switch is damaged (not JSON). Edit the provider there and save it.',
    );
  }
  if (isLogin(provider)) return login(hasLogin);
  const settings = effectiveSettings(provider, snapshot.commonConfig);
  const variables = allowedVariables(envOf(settings));
  const address = variables.ANTHROPIC_BASE_URL ?? '';

  if (isOauth(provider, address)) {
    return proxyOnly('it signs in with an account that CC Switch manages', snapshot);
  }
  const format = formatOf(provider, settings);
  if (format !== 'anthropic') {
    const shown = FORMATS.has(format) ? format : 'a format that is not known here';
    return proxyOnly(`it speaks ${shown}, not the Anthropic format`, snapshot);
  }
  if (provider.meta.isFullUrl === true) {
    return proxyOnly(
      'its address is a full URL, and Claude Code would append /v1/messages',
      snapshot,
    );
  }
  if (
    variables.ANTHROPIC_AUTH_TOKEN === 'PROXY_MANAGED' ||
    isLocalPort(address, snapshot.proxyPort)
  ) {
    return unusable(
      'residue',
      "It points at CC Switch's own proxy: a leftover of a takeover, not a provider. Choose the real provider, or delete this entry in CC Switch.",
    );
  }
  return assessEndpoint(providerVariables(settings), WORDING);
}

/** The allow-listed variables of a provider; the Bedrock preset keeps its key outside `env`. */
export function providerVariables(settings: JsonRecord): Record<string, string> {
  const variables: Record<string, string> = { ...allowedVariables(envOf(settings)) };
  const key = textAt(settings, 'apiKey');
  if (variables.CLAUDE_CODE_USE_BEDROCK !== undefined && key !== undefined) {
    variables.AWS_BEARER_TOKEN_BEDROCK ??= key;
  }
  return variables;
}

function isLogin(provider: Provider): boolean {
  if (provider.category === 'official' || provider.id === 'claude-official') return true;
  const settings = provider.settings ?? {};
  // A key or address beside `env` is what only the proxy reads: such a provider means somebody
  // else's service, and running it on the user's own login would be a costly surprise.
  const elsewhere = ['apiKey', 'api_key', 'base_url', 'baseURL', 'apiEndpoint'];
  return (
    Object.keys(envOf(settings)).length === 0 &&
    !isOauth(provider, '') &&
    elsewhere.every((name) => textAt(settings, name) === undefined)
  );
}

function isOauth({ meta }: Provider, address: string): boolean {
  return (
    OAUTH_TYPES.has(textAt(meta, 'providerType') ?? '') ||
    OAUTH_ADDRESSES.some((part) => address.toLowerCase().includes(part)) ||
    recordAt(meta, 'authBinding').source === 'managed_account'
  );
}

function formatOf(provider: Provider, settings: JsonRecord): string {
  const named = textAt(provider.meta, 'apiFormat') ?? textAt(settings, 'api_format');
  if (named !== undefined) return named;
  const compat = settings.openrouter_compat_mode;
  const on = compat === true || compat === 1 || compat === '1' || compat === 'true';
  return on ? 'openai_chat' : 'anthropic';
}

function login(hasLogin: boolean): Assessment {
  return {
    kind: 'login',
    auth: 'login',
    usable: hasLogin,
    ...(hasLogin ? {} : { reason: `It is the Claude login, and there is none. ${LOGIN_REMEDY}` }),
    warnings: [],
  };
}

function proxyOnly(why: string, { proxyPort }: Snapshot): Assessment {
  return unusable(
    'proxy_only',
    `It works only behind CC Switch's local proxy: ${why}. To use it, turn the proxy on, make it the current provider and set CC_PROFILE_<NAME>_BASE_URL=http://127.0.0.1:${proxyPort} with any token.`,
  );
}

function unusable(kind: ProfileKind, reason: string): Assessment {
  return { kind, auth: 'none', usable: false, reason, warnings: [] };
}
