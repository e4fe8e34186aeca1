import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { listProfiles } from '../../src/profiles/list.ts';
import { priceFor } from '../../src/profiles/prices.ts';
import type { Profile } from '../../src/profiles/profile.ts';
import { testHost, write } from './host.ts';
import { FIXTURES, install, installProviders } from './providers.ts';

const UUID = 'cc-switch:4f0c2a6e-0000-4000-8000-00000000000';

function byId(profiles: readonly Profile[], id: string): Profile {
  const found = profiles.find((profile) => profile.id === id);
  if (found === undefined) throw new Error(`${id} is not in ${profiles.map((item) => item.id)}`);
  return found;
}

const brief = (profiles: readonly Profile[]) =>
  profiles.map(({ id, name, kind, usable, auth, current }) =>
    [id, name, kind, usable ? 'usable' : '-', auth, current ? 'current' : ''].join(' | ').trim(),
  );

describe('a real database', () => {
  it('is listed with every Claude provider in the order of the app', async () => {
    const host = testHost();
    install(host, 'cc-switch.db', 'cc-switch.db');
    const { profiles, warnings } = await listProfiles(host);
    expect(warnings).toEqual([]);
    expect(brief(profiles)).toMatchInlineSnapshot(`
      [
        "official | Claude login | login | - | login |",
        "cc-switch:claude-official | Claude Official | login | - | login |",
        "cc-switch:4f0c2a6e-0000-4000-8000-000000000001 | 深度求索 DeepSeek | direct | usable | auth_token | current",
        "cc-switch:4f0c2a6e-0000-4000-8000-000000000002 | Router One | direct | usable | api_key |",
        "cc-switch:4f0c2a6e-0000-4000-8000-000000000003 | NIM chat (proxy only) | proxy_only | - | none |",
        "cc-switch:4f0c2a6e-0000-4000-8000-000000000004 | GitHub Copilot | proxy_only | - | none |",
        "cc-switch:4f0c2a6e-0000-4000-8000-000000000005 | Unfinished (no token) | incomplete | - | none |",
        "cc-switch:1699999999999 | legacy-inline-format | proxy_only | - | none |",
        "cc-switch:default | default | residue | - | none |",
        "cc-switch:4f0c2a6e-0000-4000-8000-000000000008 | Bedrock key | cloud | usable | cloud |",
        "cc-switch:4f0c2a6e-0000-4000-8000-000000000009 | corrupt | incomplete | - | none |",
        "cc-switch:universal-claude-u1 | 统一网关 | direct | usable | auth_token |",
      ]
    `);
    expect(readdirSync(host.tmp)).toEqual([]);
  });

  it('shows models, address and window of a provider, and no token', async () => {
    const host = testHost();
    install(host, 'cc-switch.db', 'cc-switch.db');
    const { profiles } = await listProfiles(host);
    expect(byId(profiles, `${UUID}1`)).toMatchInlineSnapshot(`
      {
        "account": "170db732dd",
        "auth": "auth_token",
        "base_url": "https://api.deepseek.com/anthropic",
        "current": true,
        "id": "cc-switch:4f0c2a6e-0000-4000-8000-000000000001",
        "kind": "direct",
        "models": {
          "default": "deepseek-v4-pro",
          "fable": "deepseek-v4-pro",
          "haiku": "deepseek-v4-flash",
          "opus": "deepseek-v4-pro",
          "sonnet": "deepseek-v4-pro",
        },
        "name": "深度求索 DeepSeek",
        "provenance": {
          "base_url": "the provider in CC Switch",
          "default_model": "the provider in CC Switch",
          "token": "the provider in CC Switch",
        },
        "source": "cc-switch",
        "usable": true,
        "warnings": [],
      }
    `);
    expect(byId(profiles, `${UUID}2`)).toMatchInlineSnapshot(`
      {
        "account": "cddbaacaf2",
        "auth": "api_key",
        "base_url": "https://router.example.test/api",
        "context_window": 1000000,
        "cost_multiplier": 0.5,
        "current": false,
        "id": "cc-switch:4f0c2a6e-0000-4000-8000-000000000002",
        "kind": "direct",
        "limits": {
          "daily_usd": 5,
          "monthly_usd": 60,
        },
        "models": {
          "default": "anthropic/claude-sonnet-5[1M]",
          "haiku": "anthropic/claude-haiku-4.5",
          "opus": "anthropic/claude-opus-5",
          "sonnet": "anthropic/claude-sonnet-5[1M]",
        },
        "name": "Router One",
        "provenance": {
          "base_url": "the provider in CC Switch",
          "default_model": "the provider in CC Switch",
          "token": "the provider in CC Switch",
        },
        "source": "cc-switch",
        "usable": true,
        "warnings": [],
      }
    `);
    expect(JSON.stringify(profiles)).not.toMatch(/FAKE/);
  });

  it('says of every provider that cannot be used why, and what to do', async () => {
    const host = testHost();
    install(host, 'cc-switch.db', 'cc-switch.db');
    const { profiles } = await listProfiles(host);
    const told = profiles.filter(({ usable }) => !usable).map(({ name, reason }) => [name, reason]);
    expect(Object.fromEntries(told)).toMatchInlineSnapshot(`
      {
        "Claude Official": "It is the Claude login, and there is none. Run \`claude\` once and log in with /login, or set CLAUDE_CODE_OAUTH_TOKEN (from \`claude setup-token\`).",
        "Claude login": "There is no Claude login. Run \`claude\` once and log in with /login, or set CLAUDE_CODE_OAUTH_TOKEN (from \`claude setup-token\`).",
        "GitHub Copilot": "It works only behind CC Switch's local proxy: it signs in with an account that CC Switch manages. To use it, turn the proxy on, make it the current provider and set CC_PROFILE_<NAME>_BASE_URL=http://127.0.0.1:15721 with any token.",
        "NIM chat (proxy only)": "It works only behind CC Switch's local proxy: it speaks openai_chat, not the Anthropic format. To use it, turn the proxy on, make it the current provider and set CC_PROFILE_<NAME>_BASE_URL=http://127.0.0.1:15721 with any token.",
        "Unfinished (no token)": "It has no token (ANTHROPIC_AUTH_TOKEN or ANTHROPIC_API_KEY). Complete the provider in CC Switch.",
        "corrupt": "Its configuration in CC Switch is damaged (not JSON). Edit the provider there and save it.",
        "default": "It points at CC Switch's own proxy: a leftover of a takeover, not a provider. Choose the real provider, or delete this entry in CC Switch.",
        "legacy-inline-format": "It works only behind CC Switch's local proxy: it speaks openai_chat, not the Anthropic format. To use it, turn the proxy on, make it the current provider and set CC_PROFILE_<NAME>_BASE_URL=http://127.0.0.1:15721 with any token.",
      }
    `);
  });

  it('takes the current provider of the device before the one in the database', async () => {
    const host = testHost();
    install(host, 'cc-switch.db', 'cc-switch.db');
    install(host, 'settings.json', 'settings.json');
    const { profiles } = await listProfiles(host);
    expect(profiles.filter((profile) => profile.current).map(({ id }) => id)).toEqual([`${UUID}2`]);
  });

  it('ignores a current provider that does not exist, and damaged device settings', async () => {
    for (const text of [
      '{"currentProviderClaude":"gone"}',
      '{',
      '[]',
      '{"currentProviderClaude":7}',
    ]) {
      const host = testHost();
      install(host, 'cc-switch.db', 'cc-switch.db');
      write(join(host.appDir, 'settings.json'), text);
      const { profiles } = await listProfiles(host);
      expect(profiles.filter((profile) => profile.current).map(({ id }) => id)).toEqual([
        `${UUID}1`,
      ]);
    }
  });

  it('prices models from its table with the multiplier of the provider', async () => {
    const host = testHost();
    install(host, 'cc-switch.db', 'cc-switch.db');
    const { profiles, prices } = await listProfiles(host);
    expect(priceFor(byId(profiles, `${UUID}1`), 'deepseek-v4-pro', prices)).toMatchObject({
      input: 1.32,
      output: 3.96,
      cache_read: 0.044,
      cache_write: 0,
      source: 'cc-switch',
    });
    expect(
      priceFor(byId(profiles, `${UUID}2`), 'anthropic/claude-haiku-4.5', prices),
    ).toMatchObject({ input: 0.5, output: 2.5 });
    expect(priceFor(byId(profiles, `${UUID}1`), 'deepseek-v9', prices)).toBeUndefined();
  });

  it('of a newer version is read with a warning', async () => {
    const host = testHost();
    install(host, 'cc-switch.future.db', 'cc-switch.db');
    const { profiles, warnings } = await listProfiles(host);
    expect(profiles.filter(({ source }) => source === 'cc-switch')).toHaveLength(11);
    expect(warnings).toEqual([expect.stringContaining('version 99')]);
  });

  it('in WAL mode is read with the rows that are only in the WAL, without the -shm', async () => {
    const plain = testHost();
    install(plain, 'wal/cc-switch.db', 'cc-switch.db');
    const host = testHost();
    install(host, 'wal/cc-switch.db', 'cc-switch.db');
    install(host, 'wal/cc-switch.db-wal', 'cc-switch.db-wal');
    const before = new Set((await listProfiles(plain)).profiles.map(({ name }) => name));
    const { profiles } = await listProfiles(host);
    const news = profiles.filter(({ name }) => !before.has(name));
    expect(brief(news)).toMatchInlineSnapshot(`
      [
        "cc-switch:4f0c2a6e-0000-4000-8000-000000000002 | renamed in WAL | direct | usable | api_key |",
        "cc-switch:wal-only-1 | only in WAL | direct | usable | auth_token |",
      ]
    `);
  });

  it('behind a link is read with the WAL beside the real file', async () => {
    const host = testHost();
    const real = join(host.home, 'dotfiles');
    cpSync(join(FIXTURES, 'wal'), real, { recursive: true });
    mkdirSync(host.appDir);
    symlinkSync(join(real, 'cc-switch.db'), join(host.appDir, 'cc-switch.db'));
    const direct = testHost();
    install(direct, 'wal');
    expect((await listProfiles(host)).profiles).toEqual((await listProfiles(direct)).profiles);
  });

  it('with a hot journal is read as it was before the broken transaction', async () => {
    const host = testHost();
    install(host, 'hot-journal');
    const { profiles, warnings } = await listProfiles(host);
    expect(warnings).toEqual([]);
    expect(profiles.filter(({ source }) => source === 'cc-switch')).toHaveLength(11);
    expect(JSON.stringify(profiles)).not.toContain('UNCOMMITTED');
  });

  it('that is none is a warning, and the other profiles are there', async () => {
    for (const content of [
      '',
      'this is no database',
      'SQLite format 3\0 and then rubbish'.repeat(100),
    ]) {
      const host = testHost({
        CC_PROFILE_X_BASE_URL: 'https://x.example',
        CC_PROFILE_X_API_KEY: 'key-of-x',
      });
      write(join(host.appDir, 'cc-switch.db'), content);
      const { profiles, warnings } = await listProfiles(host);
      expect(profiles.map(({ id }) => id)).toEqual(['official', 'env:x']);
      expect(warnings).toHaveLength(1);
      expect(readdirSync(host.tmp)).toEqual([]);
    }
  });

  it('is read again when it changed, and only then', async () => {
    const host = testHost();
    installProviders(host, [{ id: 'a', settings: { env: {} } }]);
    const first = await listProfiles(host);
    expect(first.profiles.map(({ id }) => id)).toEqual(['official', 'cc-switch:a']);
    installProviders(host, [{ id: 'b', settings: { env: {} } }]);
    expect((await listProfiles(host)).profiles.map(({ id }) => id)).toEqual([
      'official',
      'cc-switch:b',
    ]);
    // What was written just now is not remembered: another write could bear the same time.
    await sleep(30);
    await listProfiles(host);
    // A file in the place of the temporary directory would make any new copy fail.
    const blocked = { ...host, tmp: join(host.home, 'blocked') };
    writeFileSync(blocked.tmp, '');
    const cached = await listProfiles(blocked);
    expect(cached.warnings).toEqual([]);
    expect(cached.profiles.map(({ id }) => id)).toEqual(['official', 'cc-switch:b']);
  });
});

describe('the old config.json', () => {
  it('of format 2 is listed when there is no database', async () => {
    const host = testHost();
    install(host, 'config.v2.json', 'config.json');
    const { profiles, warnings } = await listProfiles(host);
    expect(warnings).toEqual([]);
    expect(profiles.filter(({ source }) => source === 'cc-switch-legacy')).toMatchInlineSnapshot(`
      [
        {
          "account": "12bdd6ec86",
          "auth": "auth_token",
          "base_url": "https://open.bigmodel.cn/api/anthropic",
          "current": true,
          "id": "cc-switch:1757000000001",
          "kind": "direct",
          "models": {
            "default": "glm-4.6",
            "fable": "glm-4.6",
            "haiku": "glm-4.6",
            "opus": "glm-4.6",
            "sonnet": "glm-4.6",
          },
          "name": "智谱 GLM",
          "provenance": {
            "base_url": "the provider in CC Switch",
            "default_model": "the provider in CC Switch",
            "token": "the provider in CC Switch",
          },
          "source": "cc-switch-legacy",
          "usable": true,
          "warnings": [],
        },
        {
          "account": "709c2a4350",
          "auth": "auth_token",
          "base_url": "https://relay.example.test",
          "current": false,
          "id": "cc-switch:1757000000002",
          "kind": "direct",
          "models": {
            "haiku": "claude-3-5-haiku-20241022",
          },
          "name": "relay",
          "provenance": {
            "base_url": "the provider in CC Switch",
            "token": "the provider in CC Switch",
          },
          "source": "cc-switch-legacy",
          "usable": true,
          "warnings": [],
        },
      ]
    `);
  });

  it('of format 1 is explained', async () => {
    const host = testHost();
    install(host, 'config.v1.json', 'config.json');
    const { profiles, warnings } = await listProfiles(host);
    expect(profiles.map(({ id }) => id)).toEqual(['official']);
    expect(warnings).toEqual([expect.stringContaining('3.2 to 3.5')]);
  });

  it('is left alone when there is a database', async () => {
    const host = testHost();
    install(host, 'config.v2.json', 'config.json');
    install(host, 'cc-switch.db', 'cc-switch.db');
    const { profiles } = await listProfiles(host);
    expect(profiles.filter(({ source }) => source === 'cc-switch-legacy')).toEqual([]);
  });

  it('that is damaged or strange is a warning', async () => {
    for (const text of ['{', '[]', '{"version":3}', '{"version":2,"claude":[]}', 'null']) {
      const host = testHost();
      write(join(host.appDir, 'config.json'), text);
      const { profiles, warnings } = await listProfiles(host);
      expect(profiles).toHaveLength(1);
      expect(warnings).toHaveLength(1);
    }
  });

  it('with strange providers lists them as incomplete', async () => {
    const host = testHost();
    const providers = { a: null, b: 7, c: { name: 'C', settingsConfig: 'text' }, d: [] };
    write(join(host.appDir, 'config.json'), JSON.stringify({ version: 2, claude: { providers } }));
    const { profiles } = await listProfiles(host);
    expect(profiles.slice(1).map(({ kind }) => kind)).toEqual(Array(4).fill('incomplete'));
  });
});

describe('names and ids', () => {
  it('are printable, unique and never empty', async () => {
    const host = testHost();
    installProviders(host, [
      { id: 'a b', name: '  ', settings: {} },
      { id: 'a\u0000b', name: 'two\nlines \u001b[31mred\u202e', settings: {} },
      { id: 'a/b', name: '名'.repeat(200), settings: {} },
      { id: '中文', name: '中文', settings: {} },
    ]);
    const { profiles } = await listProfiles(host);
    const shown = profiles
      .slice(1)
      .map(({ id, name }) => [id, name.length > 60 ? name.length : name]);
    expect(shown).toMatchInlineSnapshot(`
      [
        [
          "cc-switch:a-b~1e555bff",
          "cc-switch:a-b~1e555bff",
        ],
        [
          "cc-switch:a",
          "two lines red",
        ],
        [
          "cc-switch:a-b~f0644c52",
          80,
        ],
        [
          "cc-switch:中文",
          "中文",
        ],
      ]
    `);
  });

  it('without CC Switch there is only the login', async () => {
    const { profiles, warnings } = await listProfiles(testHost());
    expect(brief(profiles)).toEqual(['official | Claude login | login | - | login |']);
    expect(warnings).toEqual([]);
  });
});
