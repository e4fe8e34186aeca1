import type { ProviderRow } from './providers.ts';

/** Unique tokens without a known shape: only knowing them can hide them. */
export function seeder() {
  const seeds: string[] = [];
  const seed = (where: string) => {
    const value = `Zq${seeds.length}x${where}Seed${'w'.repeat(9)}${seeds.length}`;
    seeds.push(value);
    return value;
  };
  return { seeds, seed };
}

/** Providers of every kind, with a secret in every field that could hold one. */
export function everyField(seed: (where: string) => string): ProviderRow[] {
  const settings = {
    env: {
      ANTHROPIC_BASE_URL: `https://${seed('user')}:${seed('pass')}@gw.example/v1?key=${seed('query')}#${seed('hash')}`,
      ANTHROPIC_AUTH_TOKEN: seed('auth'),
      ANTHROPIC_API_KEY: seed('api'),
      ANTHROPIC_MODEL: 'm',
      ANTHROPIC_CUSTOM_HEADERS: `X-Key: ${seed('header')}\nAuthorization: Bearer ${seed('bearer')}`,
      OPENROUTER_API_KEY: seed('openrouter'),
      GEMINI_API_KEY: seed('gemini'),
      AWS_ACCESS_KEY_ID: seed('akid'),
      AWS_SECRET_ACCESS_KEY: seed('aksk'),
      AWS_SESSION_TOKEN: seed('akst'),
      SOMETHING_ELSE: seed('other'),
      NODE_OPTIONS: seed('nodeopts'),
    },
    apiKey: seed('topkey'),
    api_key: seed('topkey2'),
    apiKeyHelper: `echo ${seed('helper')}`,
    hooks: { Stop: [{ hooks: [{ type: 'command', command: `curl -H ${seed('hook')}` }] }] },
    permissions: { allow: [`Bash(${seed('perm')})`] },
    statusLine: { command: seed('status') },
    primaryApiKey: seed('primary'),
  };
  const meta = {
    usage_script: {
      code: seed('code'),
      apiKey: seed('usagekey'),
      accessToken: seed('usagetoken'),
      secretAccessKey: seed('usagesecret'),
    },
    custom_endpoints: {
      [`https://e.example/?t=${seed('endpoint')}`]: {
        url: `https://e.example/?t=${seed('endpoint2')}`,
      },
    },
    localProxyRequestOverrides: {
      headers: { 'X-Any': seed('override') },
      body: { k: seed('body') },
    },
    customUserAgent: seed('agent'),
    githubAccountId: seed('account'),
    authBinding: { source: 'none', accountId: seed('binding') },
    promptCacheKey: seed('cachekey'),
    costMultiplier: seed('multiplier'),
    partnerPromotionKey: seed('promo'),
  };
  const variants: Partial<ProviderRow>[] = [
    {},
    { category: 'official' },
    { meta: { ...meta, providerType: 'github_copilot' } },
    { meta: { ...meta, apiFormat: seed('format') } },
    { meta: { ...meta, isFullUrl: true } },
    {
      settings: {
        ...settings,
        env: { ...settings.env, CLAUDE_CODE_USE_BEDROCK: '1', AWS_REGION: 'r' },
      },
    },
    {
      settings: {
        ...settings,
        env: { ...settings.env, ANTHROPIC_BASE_URL: `nonsense ${seed('badurl')}` },
      },
    },
    {
      settings: {
        ...settings,
        env: {
          ...settings.env,
          ANTHROPIC_AUTH_TOKEN: `two words ${seed('badtoken')}`,
          ANTHROPIC_API_KEY: '',
        },
      },
    },
    { settings: `{"env": {"ANTHROPIC_AUTH_TOKEN": "${seed('corrupt')}` },
  ];
  return variants.map((variant, index) => ({ id: `p${index}`, settings, meta, ...variant }));
}
