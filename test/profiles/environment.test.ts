import { describe, expect, it } from 'vitest';
import { listProfiles } from '../../src/profiles/list.ts';
import { priceFor } from '../../src/profiles/prices.ts';
import { resolveCredentials } from '../../src/profiles/resolve-credentials.ts';
import { testHost } from './host.ts';
import { installProviders } from './providers.ts';

async function environment(env: Record<string, string>) {
  const { profiles, warnings, prices } = await listProfiles(testHost(env));
  return { profiles: profiles.filter(({ source }) => source === 'environment'), warnings, prices };
}

describe('the plain variables', () => {
  it('are one profile', async () => {
    const { profiles } = await environment({
      ANTHROPIC_BASE_URL: 'https://api.example/v1/?x=1#y',
      ANTHROPIC_AUTH_TOKEN: 'token-1',
      ANTHROPIC_MODEL: 'glm-5.1',
      PATH: '/bin',
    });
    expect(profiles).toMatchInlineSnapshot(`
      [
        {
          "account": "29f52d343e",
          "auth": "auth_token",
          "base_url": "https://api.example/v1/",
          "current": false,
          "id": "env",
          "kind": "direct",
          "models": {
            "default": "glm-5.1",
            "fable": "glm-5.1",
            "haiku": "glm-5.1",
            "opus": "glm-5.1",
            "sonnet": "glm-5.1",
          },
          "name": "Environment",
          "provenance": {
            "base_url": "ANTHROPIC_BASE_URL",
            "default_model": "ANTHROPIC_MODEL",
            "token": "ANTHROPIC_AUTH_TOKEN",
          },
          "source": "environment",
          "usable": true,
          "warnings": [
            "The address holds a user or a query; commands that a worker runs can read it.",
          ],
        },
      ]
    `);
  });

  it('are none when nothing is set', async () => {
    expect((await environment({ ANTHROPIC_MODEL: 'x', ANTHROPIC_BASE_URL: ' ' })).profiles).toEqual(
      [],
    );
  });

  it.each([
    [{ ANTHROPIC_BASE_URL: 'https://x.example' }, /has no token/],
    [{ ANTHROPIC_BASE_URL: 'https://x.example', ANTHROPIC_API_KEY: 'your-api-key' }, /placeholder/],
    [{ ANTHROPIC_BASE_URL: 'x.example', ANTHROPIC_API_KEY: 'key-1' }, /not an http/],
    [
      { ANTHROPIC_BASE_URL: 'http://127.0.0.1:15721', ANTHROPIC_AUTH_TOKEN: 'PROXY_MANAGED' },
      /takeover/,
    ],
    [{ CLAUDE_CODE_USE_BEDROCK: '1' }, /AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY/],
  ])('%o are unusable, with the reason', async (env, reason) => {
    const { profiles } = await environment(env);
    expect(profiles).toEqual([
      expect.objectContaining({
        id: 'env',
        kind: 'incomplete',
        usable: false,
        reason: expect.stringMatching(reason),
      }),
    ]);
  });

  it('with a key only are Anthropic itself', async () => {
    const { profiles } = await environment({ ANTHROPIC_API_KEY: 'key-1' });
    expect(profiles[0]).toMatchObject({ usable: true, auth: 'api_key' });
    expect(profiles[0]).not.toHaveProperty('base_url');
  });
});

describe('named profiles', () => {
  it('have everything a person can set', async () => {
    const { profiles, warnings } = await environment({
      CC_PROFILE_GLM_AIR_BASE_URL: 'https://glm.example/anthropic',
      CC_PROFILE_GLM_AIR_API_KEY: 'key-1',
      CC_PROFILE_GLM_AIR_MODEL: 'glm-4.6-air',
      CC_PROFILE_GLM_AIR_LABEL: '智谱 GLM Air',
      CC_PROFILE_GLM_AIR_PRICE_INPUT: '0.2',
      CC_PROFILE_GLM_AIR_PRICE_OUTPUT: '1.1',
      CC_PROFILE_GLM_AIR_PRICE_CACHE_READ: '.03',
      CC_PROFILE_GLM_AIR_PRICE_CACHE_WRITE: '0',
      CC_PROFILE_GLM_AIR_CONTEXT_WINDOW: '131072',
    });
    expect(warnings).toEqual([]);
    expect(profiles).toMatchInlineSnapshot(`
      [
        {
          "account": "875e014b9d",
          "auth": "api_key",
          "base_url": "https://glm.example/anthropic",
          "context_window": 131072,
          "current": false,
          "id": "env:glm_air",
          "kind": "direct",
          "models": {
            "default": "glm-4.6-air",
            "fable": "glm-4.6-air",
            "haiku": "glm-4.6-air",
            "opus": "glm-4.6-air",
            "sonnet": "glm-4.6-air",
          },
          "name": "智谱 GLM Air",
          "price": {
            "cache_read": 0.03,
            "cache_write": 0,
            "currency": "USD",
            "input": 0.2,
            "output": 1.1,
            "per": 1000000,
            "source": "profile",
          },
          "provenance": {
            "base_url": "CC_PROFILE_GLM_AIR_BASE_URL",
            "context_window": "CC_PROFILE_GLM_AIR_CONTEXT_WINDOW",
            "default_model": "CC_PROFILE_GLM_AIR_MODEL",
            "token": "CC_PROFILE_GLM_AIR_API_KEY",
          },
          "source": "environment",
          "usable": true,
          "warnings": [],
        },
      ]
    `);
  });

  it('say which variable is missing', async () => {
    const { profiles } = await environment({
      CC_PROFILE_A_AUTH_TOKEN: 'token-1',
      CC_PROFILE_B_BASE_URL: 'https://b.example',
    });
    expect(profiles.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('CC_PROFILE_A_BASE_URL'),
      expect.stringContaining('CC_PROFILE_B_AUTH_TOKEN or CC_PROFILE_B_API_KEY'),
    ]);
  });

  const base = {
    CC_PROFILE_A_BASE_URL: 'https://a.example',
    CC_PROFILE_A_API_KEY: 'key-1',
    CC_PROFILE_A_MODEL: 'm',
  };
  it.each(['cheap', '-1', '1,5', '$2', '1e3', 'NaN', '0x10', 'Infinity'])(
    'have no price when it is %s',
    async (bad) => {
      const { profiles, prices } = await environment({
        ...base,
        CC_PROFILE_A_PRICE_INPUT: bad,
        CC_PROFILE_A_PRICE_OUTPUT: '1',
      });
      const [profile] = profiles;
      expect(profile).toMatchObject({
        usable: true,
        warnings: [expect.stringContaining('CC_PROFILE_A_PRICE_INPUT')],
      });
      expect(profile === undefined ? 0 : priceFor(profile, 'm', prices)).toBeUndefined();
    },
  );

  it('have no price when half of it is missing', async () => {
    const { profiles } = await environment({ ...base, CC_PROFILE_A_PRICE_INPUT: '1' });
    expect(profiles[0]).toMatchObject({ warnings: [expect.stringContaining('PRICE_OUTPUT')] });
    expect(profiles[0]).not.toHaveProperty('price');
  });

  it.each(['big', '0', '-5', '1.5', '9999999999'])('ignore a context window of %s', async (bad) => {
    const { profiles } = await environment({ ...base, CC_PROFILE_A_CONTEXT_WINDOW: bad });
    expect(profiles[0]).toMatchObject({
      usable: true,
      warnings: [expect.stringContaining('CONTEXT_WINDOW')],
    });
    expect(profiles[0]).not.toHaveProperty('context_window');
  });

  it('with a misspelt variable are warned about', async () => {
    const { profiles, warnings } = await environment({
      ...base,
      CC_PROFILE_A_TOKEN: 'x',
      CC_PROFILE_MODEL: 'y',
    });
    expect(profiles).toHaveLength(1);
    expect(warnings).toEqual([
      expect.stringContaining('CC_PROFILE_A_TOKEN'),
      expect.stringContaining('CC_PROFILE_MODEL'),
    ]);
  });

  it('in two spellings are one', async () => {
    const { profiles, warnings } = await environment({ ...base, CC_PROFILE_a_MODEL: 'n' });
    expect(profiles.map(({ id }) => id)).toEqual(['env:a']);
    expect(warnings).toEqual([expect.stringContaining('twice')]);
  });
});

describe('what a worker gets', () => {
  it('is one token, all tiers, and nothing else of the environment', async () => {
    const host = testHost({
      ANTHROPIC_BASE_URL: 'https://api.example',
      ANTHROPIC_AUTH_TOKEN: 'token-1',
      ANTHROPIC_API_KEY: 'key-1',
      ANTHROPIC_MODEL: 'glm-5.1',
      ANTHROPIC_SMALL_FAST_MODEL: 'glm-5-air',
      API_TIMEOUT_MS: '600000',
      AWS_SECRET_ACCESS_KEY: 'not-for-this-one',
      CLAUDE_CONFIG_DIR: '/elsewhere',
      CLAUDE_CODE_OAUTH_TOKEN: 'login-token',
      NODE_OPTIONS: '--inspect',
    });
    const { env, secrets } = await resolveCredentials({ id: 'env' }, host);
    expect(env).toMatchInlineSnapshot(`
      {
        "ANTHROPIC_AUTH_TOKEN": "token-1",
        "ANTHROPIC_BASE_URL": "https://api.example",
        "ANTHROPIC_DEFAULT_FABLE_MODEL": "glm-5.1",
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": "glm-5-air",
        "ANTHROPIC_DEFAULT_OPUS_MODEL": "glm-5.1",
        "ANTHROPIC_DEFAULT_SONNET_MODEL": "glm-5.1",
        "ANTHROPIC_MODEL": "glm-5.1",
        "API_TIMEOUT_MS": "600000",
      }
    `);
    expect(secrets).toEqual(expect.arrayContaining(['token-1']));
  });

  it('of Claude models leaves the other tiers to the reseller', async () => {
    const host = testHost({
      ANTHROPIC_BASE_URL: 'https://api.example',
      ANTHROPIC_API_KEY: 'key-1',
      ANTHROPIC_MODEL: 'claude-opus-5',
    });
    const { env } = await resolveCredentials({ id: 'env' }, host);
    expect(Object.keys(env).sort()).toEqual([
      'ANTHROPIC_API_KEY',
      'ANTHROPIC_BASE_URL',
      'ANTHROPIC_MODEL',
    ]);
  });

  it('has the window of Kimi for coding, unless it is set', async () => {
    const url = 'https://api.kimi.com/coding';
    const host = testHost({
      CC_PROFILE_K_BASE_URL: `${url}/`,
      CC_PROFILE_K_API_KEY: 'key-1',
      CC_PROFILE_S_BASE_URL: url,
      CC_PROFILE_S_API_KEY: 'key-1',
      CC_PROFILE_S_CONTEXT_WINDOW: '1000',
    });
    expect((await resolveCredentials({ id: 'env:k' }, host)).env).toMatchObject({
      CLAUDE_CODE_MAX_CONTEXT_TOKENS: '262144',
      CLAUDE_CODE_AUTO_COMPACT_WINDOW: '262144',
    });
    expect((await resolveCredentials({ id: 'env:s' }, host)).env).toMatchObject({
      CLAUDE_CODE_MAX_CONTEXT_TOKENS: '1000',
    });
  });

  it('of a CC Switch provider is its env with the dangerous parts left out', async () => {
    const host = testHost();
    installProviders(host, [
      {
        id: 'p',
        settings: {
          env: {
            ANTHROPIC_BASE_URL: 'https://p.example',
            ANTHROPIC_AUTH_TOKEN: 'token-1',
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: 1,
            ENABLE_TOOL_SEARCH: false,
            API_TIMEOUT_MS: null,
            ANTHROPIC_CUSTOM_HEADERS: { a: 'b' },
            LD_PRELOAD: '/evil.so',
            HOME: '/evil',
            CLAUDE_CONFIG_DIR: '/evil',
            ANTHROPIC_MODEL: 'a\u0000b',
          },
          hooks: {},
        },
      },
      {
        id: 'b',
        settings: {
          apiKey: 'bedrock-key',
          env: {
            ANTHROPIC_BASE_URL: 'https://bedrock-runtime.r.amazonaws.com',
            CLAUDE_CODE_USE_BEDROCK: '1',
            AWS_REGION: 'r',
          },
        },
      },
    ]);
    expect((await resolveCredentials({ id: 'cc-switch:p' }, host)).env).toMatchInlineSnapshot(`
      {
        "ANTHROPIC_AUTH_TOKEN": "token-1",
        "ANTHROPIC_BASE_URL": "https://p.example",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "ENABLE_TOOL_SEARCH": "false",
      }
    `);
    expect((await resolveCredentials({ id: 'cc-switch:b' }, host)).env).toEqual({
      AWS_BEARER_TOKEN_BEDROCK: 'bedrock-key',
      AWS_REGION: 'r',
      CLAUDE_CODE_USE_BEDROCK: '1',
    });
  });

  it('is refused for a profile that is not usable or not there', async () => {
    const host = testHost({ ANTHROPIC_BASE_URL: 'https://x.example' });
    await expect(resolveCredentials({ id: 'env' }, host)).rejects.toMatchObject({
      code: 'PROFILE_UNUSABLE',
      message: expect.stringContaining('has no token'),
    });
    await expect(resolveCredentials({ id: 'env:gone' }, host)).rejects.toMatchObject({
      code: 'PROFILE_NOT_FOUND',
      hint: expect.stringContaining('official'),
    });
  });
});
