import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { toErrorFacts } from '../../src/core/errors.ts';
import { createRedactor } from '../../src/core/redact.ts';
import { listProfiles } from '../../src/profiles/list.ts';
import { knownSecrets, resolveCredentials } from '../../src/profiles/resolve-credentials.ts';
import { secretsIn } from '../../src/profiles/secrets.ts';
import { pickProfile } from '../../src/routing/pick.ts';
import { testHost } from './host.ts';
import { direct, installProviders } from './providers.ts';
import { everyField, seeder } from './seeds.ts';

async function everythingShown(host: Parameters<typeof listProfiles>[0]): Promise<string> {
  const list = await listProfiles(host);
  const shown: unknown[] = [list, [...list.prices]];
  for (const { id, name } of list.profiles) {
    for (const wanted of [id, name, `${id}x`]) {
      try {
        shown.push(pickProfile({ profile: wanted, role: 'review' }, list.profiles));
      } catch (error) {
        shown.push(toErrorFacts(error));
      }
    }
    try {
      const credentials = await resolveCredentials({ id }, host);
      shown.push(credentials, inspect(credentials), `${credentials}`, JSON.stringify(credentials));
    } catch (error) {
      shown.push(toErrorFacts(error), inspect(error));
    }
  }
  try {
    shown.push(
      pickProfile(
        {},
        list.profiles.map((profile) => ({ ...profile, usable: false })),
      ),
    );
  } catch (error) {
    shown.push(toErrorFacts(error));
  }
  return JSON.stringify(shown) + inspect(shown, { depth: 20 });
}

describe('no secret is ever shown', () => {
  it('from any field of a provider, in listings, picks, warnings and errors', async () => {
    const { seeds, seed } = seeder();
    const host = testHost();
    const common = JSON.stringify({ env: { ANTHROPIC_API_KEY: seed('common') } });
    installProviders(host, everyField(seed), [
      `INSERT INTO settings (key, value) VALUES ('common_config_claude', '${common}')`,
      `INSERT INTO settings (key, value) VALUES ('global_proxy_url', 'http://u:${seed('proxy')}@h')`,
      `UPDATE providers SET notes = '${seed('notes')}', website_url = 'https://w.example/?k=${seed('website')}', icon = '${seed('icon')}'`,
      `UPDATE model_pricing SET display_name = '${seed('display')}'`,
    ]);
    const shown = await everythingShown(host);
    expect(shown).toContain('cc-switch:p8');
    expect(seeds.length).toBeGreaterThan(45);
    expect(seeds.filter((value) => shown.includes(value))).toEqual([]);
  });

  it('from any variable of the environment', async () => {
    const { seeds, seed } = seeder();
    const host = testHost({
      ANTHROPIC_BASE_URL: `https://u:${seed('pass')}@gw.example/?k=${seed('query')}`,
      ANTHROPIC_AUTH_TOKEN: seed('auth'),
      ANTHROPIC_API_KEY: seed('api'),
      ANTHROPIC_CUSTOM_HEADERS: `X-Key: ${seed('header')}`,
      CLAUDE_CODE_OAUTH_TOKEN: seed('oauth'),
      CC_PROFILE_A_BASE_URL: `https://u:${seed('npass')}@gw.example/?k=${seed('nquery')}`,
      CC_PROFILE_A_AUTH_TOKEN: seed('nauth'),
      CC_PROFILE_A_PRICE_INPUT: seed('price'),
      CC_PROFILE_A_CONTEXT_WINDOW: seed('window'),
      CC_PROFILE_B_API_KEY: seed('nokey'),
      CC_PROFILE_C_TOKEN: seed('typo'),
    });
    const shown = await everythingShown(host);
    expect(seeds.filter((value) => shown.includes(value))).toEqual([]);
  });

  it('even where a person pasted it into a name, an id, a model or a path', async () => {
    const token = 'Pasted0Token0With0No0Shape';
    const host = testHost({
      CC_PROFILE_A_LABEL: `mine ${token}`,
      CC_PROFILE_A_API_KEY: 'k-of-a-123',
      CC_PROFILE_A_BASE_URL: `https://a.example/${token}/v1`,
    });
    installProviders(host, [
      {
        id: `id-${token}`,
        name: `DeepSeek ${token}`,
        settings: {
          env: {
            ANTHROPIC_AUTH_TOKEN: token,
            ANTHROPIC_MODEL: `m-${token}`,
            ANTHROPIC_BASE_URL: `https://b.example/${token}`,
          },
        },
      },
    ]);
    expect(await everythingShown(host)).not.toContain(token);
    const { profiles } = await listProfiles(host);
    const shown = profiles.find(({ source }) => source === 'cc-switch');
    expect(shown).toMatchObject({
      id: expect.stringMatching(/^cc-switch:id--redacted-~[0-9a-f]{8}$/),
      name: 'DeepSeek [redacted]',
      usable: true,
    });
    // What is hidden in the listing must still reach the worker as it is.
    const credentials = await resolveCredentials({ id: shown?.id ?? '' }, host);
    expect(credentials.env.ANTHROPIC_MODEL).toBe(`m-${token}`);
  });
});

describe('the secrets for the redactor', () => {
  it('hide every credential of a worker in what it may print', async () => {
    const { seeds, seed } = seeder();
    const host = testHost();
    installProviders(host, [
      direct('p', {
        ANTHROPIC_AUTH_TOKEN: seed('auth'),
        ANTHROPIC_BASE_URL: `https://user:${seed('pass')}@gw.example/?k=${seed('query')}`,
        ANTHROPIC_CUSTOM_HEADERS: `X-Key: ${seed('header')}\nAuthorization: Bearer ${seed('bearer')}`,
      }),
    ]);
    const { env, secrets } = await resolveCredentials({ id: 'cc-switch:p' }, host);
    const printed = createRedactor(secrets)(`${JSON.stringify(env)} ${seeds.join(' ')}`);
    expect(seeds.filter((value) => printed.includes(value))).toEqual([]);
  });

  it('do not hide ordinary words, numbers and names of variables', async () => {
    expect(
      secretsIn({
        ANTHROPIC_AUTH_TOKEN: 'ollama',
        CLAUDE_CODE_MAX_OUTPUT_TOKENS: '32000000',
        apiKey: 'PROXY_MANAGED',
        apiKeyField: 'ANTHROPIC_API_KEY',
        token: 'abc',
      }),
    ).toEqual([]);
    expect(
      secretsIn({
        token: 'deepseek',
        apiKey: 'LM-Studio',
        headers: { Accept: 'application/json', 'X-Title': 'cc-orchestrator' },
        ANTHROPIC_CUSTOM_HEADERS: 'X-Title: My App 2 for long titles\nno colon here',
        GOOGLE_APPLICATION_CREDENTIALS: '/some/where/key.json',
        url: 'https://x.example/path?v=1',
      }),
    ).toEqual([]);
  });

  it('are found by name, in headers, and in addresses', () => {
    expect(secretsIn({ apiKey: 'ghp_lower_case_token_1' })).toEqual(['ghp_lower_case_token_1']);
    expect(secretsIn({ deep: [{ secrets: { list: ['abc-12-x'] } }] })).toEqual(['abc-12-x']);
    expect(secretsIn({ HEADERS: 'X-Auth: abc123\nX-Any: 0123456789abcdefghij' })).toEqual([
      'abc123',
      '0123456789abcdefghij',
    ]);
    expect(secretsIn('https://someone:p%40ss-word@x.example/?k=longvalue1')).toEqual([
      'p%40ss-word',
      'longvalue1',
      'p@ss-word',
    ]);
  });

  it('of all profiles together can be had for a process that sees them all', async () => {
    const host = testHost({
      CC_PROFILE_A_API_KEY: 'key-of-a-1',
      CC_PROFILE_A_BASE_URL: 'https://a.example',
    });
    installProviders(host, [
      direct('p'),
      { ...direct('q'), meta: { usage_script: { apiKey: 'usage-key-1' } } },
    ]);
    expect((await knownSecrets(host)).sort()).toEqual([
      'key-of-a-1',
      'token-of-p-123',
      'token-of-q-123',
      'usage-key-1',
    ]);
  });
});
