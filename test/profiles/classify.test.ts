import { describe, expect, it } from 'vitest';
import { listProfiles } from '../../src/profiles/list.ts';
import { logIn, testHost } from './host.ts';
import { direct, installProviders, type ProviderRow } from './providers.ts';

/** A variable of a preset that nobody has filled in. */
const template = (name: string) => ['$', '{', name, '}'].join('');
const URL = 'https://api.example/anthropic';
const env = (more: Record<string, unknown> = {}) => ({
  env: { ANTHROPIC_BASE_URL: URL, ANTHROPIC_AUTH_TOKEN: 'token-12345', ...more },
});

async function listed(row: Omit<ProviderRow, 'id'>, also: string[] = []) {
  const host = testHost();
  installProviders(host, [{ id: 'p', ...row }], also);
  const { profiles } = await listProfiles(host);
  const profile = profiles.find(({ id }) => id === 'cc-switch:p');
  if (profile === undefined) throw new Error('not listed');
  return profile;
}

const common = (value: string) => [
  `INSERT INTO settings (key, value) VALUES ('common_config_claude', '${value}')`,
];

describe('the kind of a provider', () => {
  const cases: [string, Omit<ProviderRow, 'id'>, string][] = [
    [
      'official category wins over everything',
      { settings: env(), category: 'official', meta: { providerType: 'github_copilot' } },
      'login',
    ],
    ['empty env is the login', { settings: { env: {}, permissions: {} } }, 'login'],
    ['no env at all is the login', { settings: { model: 'opus' } }, 'login'],
    [
      'empty env of a managed account is not',
      { settings: { env: {} }, meta: { providerType: 'codex_oauth' } },
      'proxy_only',
    ],
    [
      'empty env with a key that only the proxy reads is not',
      { settings: { env: {}, apiKey: 'sk-1', base_url: URL } },
      'incomplete',
    ],
    [
      'copilot by type',
      { settings: env(), meta: { providerType: 'github_copilot', apiFormat: 'anthropic' } },
      'proxy_only',
    ],
    [
      'copilot by address',
      { settings: env({ ANTHROPIC_BASE_URL: 'https://api.githubcopilot.com' }) },
      'proxy_only',
    ],
    [
      'codex by address',
      { settings: env({ ANTHROPIC_BASE_URL: 'https://chatgpt.com/backend-api/codex' }) },
      'proxy_only',
    ],
    ['xai', { settings: env(), meta: { providerType: 'xai_oauth' } }, 'proxy_only'],
    [
      'managed account',
      { settings: env(), meta: { authBinding: { source: 'managed_account' } } },
      'proxy_only',
    ],
    ['format in meta', { settings: env(), meta: { apiFormat: 'openai_responses' } }, 'proxy_only'],
    [
      'format nobody knows',
      { settings: env(), meta: { apiFormat: 'smoke_signals' } },
      'proxy_only',
    ],
    [
      'format inside the settings',
      { settings: { ...env(), api_format: 'openai_chat' } },
      'proxy_only',
    ],
    [
      'meta format wins over the settings',
      { settings: { ...env(), api_format: 'openai_chat' }, meta: { apiFormat: 'anthropic' } },
      'direct',
    ],
    [
      'openrouter compatibility',
      { settings: { ...env(), openrouter_compat_mode: true } },
      'proxy_only',
    ],
    [
      'openrouter compatibility off',
      { settings: { ...env(), openrouter_compat_mode: false } },
      'direct',
    ],
    ['full url', { settings: env(), meta: { isFullUrl: true } }, 'proxy_only'],
    ['takeover token', { settings: env({ ANTHROPIC_AUTH_TOKEN: 'PROXY_MANAGED' }) }, 'residue'],
    [
      'takeover address',
      { settings: env({ ANTHROPIC_BASE_URL: 'http://127.0.0.1:15721' }) },
      'residue',
    ],
    [
      'another local server',
      { settings: env({ ANTHROPIC_BASE_URL: 'http://127.0.0.1:11434' }) },
      'direct',
    ],
    [
      'bedrock keys',
      {
        settings: {
          env: {
            CLAUDE_CODE_USE_BEDROCK: 1,
            AWS_REGION: 'us-east-1',
            AWS_ACCESS_KEY_ID: 'AKIAxxxx1',
            AWS_SECRET_ACCESS_KEY: 'secret-1',
          },
        },
      },
      'cloud',
    ],
    [
      'bedrock with a top-level key',
      {
        settings: {
          apiKey: 'bedrock-key',
          env: { CLAUDE_CODE_USE_BEDROCK: '1', AWS_REGION: 'us-east-1' },
        },
      },
      'cloud',
    ],
    [
      'bedrock template',
      {
        settings: {
          env: {
            CLAUDE_CODE_USE_BEDROCK: '1',
            AWS_REGION: template('AWS_REGION'),
            AWS_ACCESS_KEY_ID: template('A'),
            AWS_SECRET_ACCESS_KEY: template('B'),
          },
        },
      },
      'incomplete',
    ],
    ['bedrock switched off', { settings: env({ CLAUDE_CODE_USE_BEDROCK: '0' }) }, 'direct'],
    [
      'vertex',
      {
        settings: {
          env: {
            CLAUDE_CODE_USE_VERTEX: true,
            ANTHROPIC_VERTEX_PROJECT_ID: 'p',
            CLOUD_ML_REGION: 'r',
          },
        },
      },
      'cloud',
    ],
    [
      'vertex without a project',
      { settings: { env: { CLAUDE_CODE_USE_VERTEX: true } } },
      'incomplete',
    ],
    [
      'foundry',
      {
        settings: {
          env: {
            CLAUDE_CODE_USE_FOUNDRY: '1',
            ANTHROPIC_FOUNDRY_RESOURCE: 'r',
            ANTHROPIC_FOUNDRY_API_KEY: 'foundry-key',
          },
        },
      },
      'cloud',
    ],
    ['no token', { settings: { env: { ANTHROPIC_BASE_URL: URL } } }, 'incomplete'],
    ['empty token', { settings: env({ ANTHROPIC_AUTH_TOKEN: ' ' }) }, 'incomplete'],
    [
      'placeholder token',
      { settings: env({ ANTHROPIC_AUTH_TOKEN: '<your-api-key>' }) },
      'incomplete',
    ],
    [
      'template in the address',
      {
        settings: env({
          ANTHROPIC_BASE_URL: `https://x.example/${template('ENDPOINT_ID')}/claude`,
        }),
      },
      'incomplete',
    ],
    [
      'address that is none',
      { settings: env({ ANTHROPIC_BASE_URL: 'api.example.com' }) },
      'incomplete',
    ],
    [
      'address of another protocol',
      { settings: env({ ANTHROPIC_BASE_URL: 'file:///etc/passwd' }) },
      'incomplete',
    ],
    [
      'token with a line break',
      { settings: env({ ANTHROPIC_AUTH_TOKEN: 'abc\ndef' }) },
      'incomplete',
    ],
    [
      'token in Chinese',
      { settings: env({ ANTHROPIC_AUTH_TOKEN: '在这里填写密钥' }) },
      'incomplete',
    ],
    ['damaged settings', { settings: '{"env": {"ANTHROPIC' }, 'incomplete'],
    ['settings that are a list', { settings: '[1]' }, 'incomplete'],
    ['token of a local server', { settings: env({ ANTHROPIC_AUTH_TOKEN: 'ollama' }) }, 'direct'],
    [
      'key instead of token',
      { settings: env({ ANTHROPIC_AUTH_TOKEN: '', ANTHROPIC_API_KEY: 'key-12345' }) },
      'direct',
    ],
  ];
  it.each(cases)('%s', async (_name, row, kind) => {
    const profile = await listed(row);
    expect(profile.kind).toBe(kind);
    const works = kind === 'direct' || kind === 'cloud';
    expect(profile.usable).toBe(works);
    expect(profile.reason === undefined).toBe(works);
  });

  it('is the login, usable when there is one, and never with variables of the provider', async () => {
    const host = testHost();
    logIn(host);
    installProviders(host, [
      { id: 'p', settings: env({ ANTHROPIC_MODEL: 'x' }), category: 'official' },
    ]);
    const [official, same] = (await listProfiles(host)).profiles;
    expect(official).toMatchObject({ usable: true, login_state: 'present' });
    expect(same).toMatchObject({ usable: true, login_state: 'present', models: {} });
    expect(same).not.toHaveProperty('base_url');
  });

  it('follows the port the proxy really listens at', async () => {
    const also = ["UPDATE proxy_config SET listen_port = 9999 WHERE app_type = 'claude'"];
    const at = (port: number) => ({
      settings: env({ ANTHROPIC_BASE_URL: `http://localhost:${port}/` }),
    });
    expect((await listed(at(9999), also)).kind).toBe('residue');
    expect((await listed(at(15721), also)).kind).toBe('direct');
    expect((await listed({ ...at(1), meta: { apiFormat: 'openai_chat' } }, also)).reason).toContain(
      ':9999',
    );
  });
});

describe('the common configuration', () => {
  const snippet = common('{"env":{"ANTHROPIC_MODEL":"common-model"}}');
  it('goes on top when it is switched on', async () => {
    const on = await listed(
      { settings: env({ ANTHROPIC_MODEL: 'own' }), meta: { commonConfigEnabled: true } },
      snippet,
    );
    expect(on.models.default).toBe('common-model');
  });

  it('is left out when it is switched off or was never in', async () => {
    const off = await listed(
      { settings: env({ ANTHROPIC_MODEL: 'own' }), meta: { commonConfigEnabled: false } },
      snippet,
    );
    expect(off.models.default).toBe('own');
    expect(
      (await listed({ settings: env({ ANTHROPIC_MODEL: 'own' }) }, snippet)).models.default,
    ).toBe('own');
  });

  it('does not turn a login into something else', async () => {
    const login = await listed(
      { settings: { env: {} }, meta: { commonConfigEnabled: true } },
      snippet,
    );
    expect(login.kind).toBe('login');
  });

  it('that is damaged is a warning', async () => {
    const host = testHost();
    installProviders(host, [direct('p')], common('{"env":'));
    const { profiles, warnings } = await listProfiles(host);
    expect(profiles[1]?.usable).toBe(true);
    expect(warnings).toEqual([expect.stringContaining('not JSON')]);
  });
});

describe('what a person is told', () => {
  it('when only the proxy can do something', async () => {
    const { warnings } = await listed({
      settings: env(),
      meta: { customUserAgent: 'x', localProxyRequestOverrides: { headers: { a: 'b' } } },
    });
    expect(warnings).toEqual([
      expect.stringContaining('customUserAgent and localProxyRequestOverrides'),
    ]);
  });

  it('which variables are not given to the worker, by name', async () => {
    const { warnings } = await listed({
      settings: env({ NODE_OPTIONS: '--require=/tmp/x.js', PATH: '/evil', 'bad name': 'x' }),
    });
    expect(warnings).toEqual(['Not given to the worker: NODE_OPTIONS, PATH.']);
  });

  it('when the token travels in the clear or two are set', async () => {
    const { warnings } = await listed({
      settings: env({ ANTHROPIC_BASE_URL: 'http://far.example', ANTHROPIC_API_KEY: 'key-12345' }),
    });
    expect(warnings).toEqual([
      expect.stringContaining('only ANTHROPIC_AUTH_TOKEN is used'),
      expect.stringContaining('unencrypted'),
    ]);
  });

  it.each([
    ['"x"', 1],
    ['"-1"', 1],
    ['"0.5"', 0.5],
    ['2', 2],
    ['""', 1],
    ['{}', 1],
    ['"1,5"', 1],
  ])('about a cost multiplier %s', async (text, factor) => {
    const profile = await listed({ settings: env(), meta: { costMultiplier: JSON.parse(text) } });
    expect(profile.cost_multiplier ?? 1).toBe(factor);
    expect(profile.warnings.length).toBe(['"x"', '"-1"', '{}', '"1,5"'].includes(text) ? 1 : 0);
  });

  it('about prices that cannot be read', async () => {
    const host = testHost();
    installProviders(
      host,
      [direct('p')],
      [
        "UPDATE model_pricing SET input_cost_per_million = 'cheap' WHERE model_id = 'deepseek-v4-pro'",
        "UPDATE model_pricing SET output_cost_per_million = '-3' WHERE model_id = 'claude-opus-5'",
      ],
    );
    const { prices, warnings } = await listProfiles(host);
    expect(warnings).toEqual([expect.stringContaining('2 rows')]);
    expect([...prices.keys()]).not.toContain('deepseek-v4-pro');
    expect(prices.size).toBe(5);
  });
});
