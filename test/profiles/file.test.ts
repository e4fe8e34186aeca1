import { chmodSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { listProfiles } from '../../src/profiles/list.ts';
import { priceFor } from '../../src/profiles/prices.ts';
import { resolveCredentials } from '../../src/profiles/resolve-credentials.ts';
import { pickProfile } from '../../src/routing/pick.ts';
import { type TestHost, testHost, write } from './host.ts';

/** A machine with this profiles.yaml. */
function withFile(text: string, env: Record<string, string> = {}, mode = 0o600) {
  const host = testHost({ PATH: process.env.PATH ?? '', ...env });
  const profilesFile = join(host.home, '.cc-orchestrator', 'profiles.yaml');
  write(profilesFile, text);
  chmodSync(profilesFile, mode);
  return { ...host, profilesFile };
}

async function found(host: TestHost) {
  const { profiles, warnings } = await listProfiles(host);
  return { profiles: profiles.filter(({ source }) => source === 'file'), warnings };
}

async function only(host: TestHost) {
  const { profiles } = await found(host);
  const [profile, second] = profiles;
  if (profile === undefined || second !== undefined) throw new Error(inspect(profiles));
  return profile;
}

describe('profiles.yaml', () => {
  it('tells accounts apart whose token a command prints', async () => {
    const of = (command: string) => `{base_url: "https://a.example", token_command: ${command}}`;
    const { profiles } = await found(
      withFile(
        `profiles:
  one: ${of('[pass, show, one]')}
  same: ${of('[pass, show, one]')}
  two: ${of('[pass, show, two]')}
`,
        {},
      ),
    );
    const [one, same, two] = profiles.map(({ account }) => account);
    expect(one).toMatch(/^[0-9a-f]{10}$/);
    expect(same).toBe(one);
    expect(two).not.toBe(one);
  });

  it('describes a provider with models, price and window', async () => {
    const host = withFile(
      `profiles:
  便宜:
    label: Cheap GLM
    base_url: https://user@glm.example/api/anthropic
    token_env: GLM_TOKEN
    models: {default: glm-4.6, opus: glm-5, haiku: 'glm-4.6-air'}
    price: {input: 0.6, output: 2.2, cache_read: 0.11}
    prices:
      GLM-5: {input: 1, output: 3.5}
    context_window: 200000
`,
      { GLM_TOKEN: 'glm-token-1234567' },
    );
    const profile = await only(host);
    expect(profile).toMatchInlineSnapshot(`
      {
        "account": "c91bd0dff5",
        "auth": "auth_token",
        "base_url": "https://glm.example/api/anthropic",
        "context_window": 200000,
        "current": false,
        "id": "file:便宜",
        "kind": "direct",
        "models": {
          "default": "glm-4.6",
          "fable": "glm-4.6",
          "haiku": "glm-4.6-air",
          "opus": "glm-5",
          "sonnet": "glm-4.6",
        },
        "name": "Cheap GLM",
        "price": {
          "cache_read": 0.11,
          "currency": "USD",
          "input": 0.6,
          "output": 2.2,
          "per": 1000000,
          "source": "profile",
        },
        "prices": {
          "GLM-5": {
            "currency": "USD",
            "input": 1,
            "output": 3.5,
            "per": 1000000,
            "source": "profile",
          },
        },
        "provenance": {
          "base_url": "profiles.便宜.base_url",
          "context_window": "profiles.便宜.context_window",
          "default_model": "profiles.便宜.models.default",
          "token": "the environment variable GLM_TOKEN",
        },
        "source": "file",
        "usable": true,
        "warnings": [
          "The address holds a user or a query; commands that a worker runs can read it.",
        ],
      }
    `);
    expect(priceFor(profile, 'glm-4.6', new Map())).toMatchObject({ input: 0.6, output: 2.2 });
    expect(priceFor(profile, 'z-ai/glm-5[1m]', new Map())).toMatchObject({ input: 1 });
    expect(priceFor(profile, 'constructor', new Map())).toMatchObject({ input: 0.6 });
    const credentials = await resolveCredentials(profile, host);
    expect(credentials.env).toMatchInlineSnapshot(`
      {
        "ANTHROPIC_AUTH_TOKEN": "glm-token-1234567",
        "ANTHROPIC_BASE_URL": "https://user@glm.example/api/anthropic",
        "ANTHROPIC_DEFAULT_FABLE_MODEL": "glm-4.6",
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": "glm-4.6-air",
        "ANTHROPIC_DEFAULT_OPUS_MODEL": "glm-5",
        "ANTHROPIC_DEFAULT_SONNET_MODEL": "glm-4.6",
        "ANTHROPIC_MODEL": "glm-4.6",
        "CLAUDE_CODE_AUTO_COMPACT_WINDOW": "200000",
        "CLAUDE_CODE_MAX_CONTEXT_TOKENS": "200000",
      }
    `);
    expect(credentials.secrets).toEqual(['glm-token-1234567']);
    expect(pickProfile({ profile: 'cheap glm' }, [profile]).model).toBe('glm-4.6');
    expect(pickProfile({ profile: '便宜' }, [profile]).profile.id).toBe('file:便宜');
  });

  it('may send its token as x-api-key', async () => {
    const host = withFile(
      'profiles: {a: {base_url: "https://a.example", auth: api_key, token_env: A_TOKEN}}',
      { A_TOKEN: 'a-token-1234567' },
    );
    const profile = await only(host);
    expect(profile).toMatchObject({ auth: 'api_key', usable: true });
    const { env } = await resolveCredentials(profile, host);
    expect(env).toMatchObject({ ANTHROPIC_API_KEY: 'a-token-1234567' });
    expect(env.ANTHROPIC_AUTH_TOKEN).toBeUndefined();
  });

  it.each(['', 'profiles:', '# nothing yet\n'])('may be empty (%j)', async (text) => {
    expect(await found(withFile(text))).toEqual({ profiles: [], warnings: [] });
  });

  it('may be absent, or behind a link', async () => {
    const host = testHost();
    const profilesFile = join(host.home, 'profiles.yaml');
    expect(await found({ ...host, profilesFile } as TestHost)).toEqual({
      profiles: [],
      warnings: [],
    });
    const real = withFile('profiles: {a: {base_url: "https://a.example", token_env: A}}', {
      A: 'aaa-111',
    });
    symlinkSync(real.profilesFile, profilesFile);
    const { profiles } = await found({ ...real, profilesFile } as TestHost);
    expect(profiles).toMatchObject([{ id: 'file:a', usable: true }]);
  });

  it('is read again when it has changed', async () => {
    const host = withFile('profiles: {a: {base_url: "https://a.example", token_env: A}}', {
      A: 'aaa-111',
    });
    expect((await only(host)).base_url).toBe('https://a.example');
    write(host.profilesFile, 'profiles: {a: {base_url: "https://b.example", token_env: A}}');
    expect((await only(host)).base_url).toBe('https://b.example');
  });
});

describe('a token', () => {
  const env = { A_TOKEN: '' };

  it('that is not in the environment is missed by its name', async () => {
    const host = withFile(
      'profiles: {a: {base_url: "https://a.example", token_env: A_TOKEN}}',
      env,
    );
    const profile = await only(host);
    expect(profile).toMatchObject({ kind: 'incomplete', usable: false });
    expect(profile.reason).toContain('A_TOKEN is not set');
  });

  it('that is only a placeholder is refused', async () => {
    const host = withFile('profiles: {a: {base_url: "https://a.example", token_env: A_TOKEN}}', {
      A_TOKEN: 'your-api-key-here',
    });
    expect((await only(host)).reason).toBe(
      'Its token is only a placeholder (the environment variable A_TOKEN). Correct it there.',
    );
  });

  const inline = 'profiles: {a: {base_url: "https://a.example", token: "Inline#Token 1"}}';

  it('in the file itself is refused, with what to do instead', async () => {
    const { profiles, warnings } = await found(withFile(inline));
    expect(profiles[0]).toMatchObject({ usable: false, kind: 'incomplete' });
    expect(profiles[0]?.reason).toMatch(/token_env: EXAMPLE_TOKEN.*token_command/);
    expect(warnings[0]).toMatch(/profiles\.a\.token: .*allow_inline_token: true.*chmod 600/);
    expect(inspect([profiles, warnings])).not.toContain('Inline#Token');
  });

  it('in the file itself is taken when that is wanted and nobody else can read it', async () => {
    const allowed =
      'profiles: {a: {base_url: "https://a.example", token: "Inline#Token-1", allow_inline_token: true}}';
    const host = withFile(allowed);
    const { env: variables, secrets } = await resolveCredentials(await only(host), host);
    expect(variables.ANTHROPIC_AUTH_TOKEN).toBe('Inline#Token-1');
    expect(secrets).toContain('Inline#Token-1');
    const open = await found(withFile(allowed, {}, 0o640));
    expect(open.profiles[0]).toMatchObject({ usable: false });
    expect(open.warnings[0]).toContain('chmod 600');
  });
});

describe('a token command', () => {
  const file = (argv: string, more = '') =>
    `profiles: {a: {base_url: "https://a.example", token_command: ${argv}${more}}}`;

  it('is run without a shell when the token is needed, and only then', async () => {
    const host = withFile('');
    const counter = join(host.home, 'counter');
    write(
      host.profilesFile,
      file(
        `[sh, -c, 'echo x >> "$1"; printf "tok-$(wc -l < "$1")-secret\\nuser: me\\n"', sh, ${counter}]`,
      ),
    );
    const profile = await only(host);
    expect(profile).toMatchObject({ usable: true, auth: 'auth_token' });
    expect(profile.provenance?.token).toBe('profiles.a.token_command');
    const preview = await resolveCredentials(profile, host, { preview: true });
    expect(Object.keys(preview.env)).toContain('ANTHROPIC_AUTH_TOKEN');
    expect(existsSync(counter)).toBe(false);
    for (const time of [1, 2]) {
      const { env, secrets } = await resolveCredentials(profile, host);
      expect(env.ANTHROPIC_AUTH_TOKEN).toBe(`tok-${time}-secret`);
      expect(secrets).toContain(`tok-${time}-secret`);
    }
    // What a shell would have made of them.
    write(host.profilesFile, file(`[echo, '$HOME;|*"x"']`));
    expect((await resolveCredentials(profile, host)).env.ANTHROPIC_AUTH_TOKEN).toBe('$HOME;|*"x"');
  });

  it('gets an allow-list of variables and the ones it names', async () => {
    const env = { SECRET_OTHER: 'other-secret', OP_SESSION: 'op-secret', GNUPGHOME: '/g' };
    const show = `[sh, -c, 'echo "$SECRET_OTHER-$OP_SESSION-$GNUPGHOME-$PWD"']`;
    const plain = withFile(file(show), env);
    const token = async (host: TestHost & { profilesFile: string }) =>
      (await resolveCredentials({ id: 'file:a' }, host)).env.ANTHROPIC_AUTH_TOKEN;
    expect(await token(plain)).toBe(`--/g-${plain.home}`);
    const named = withFile(file(show, ', token_command_env: [OP_SESSION]'), env);
    expect(await token(named)).toBe(`-op-secret-/g-${named.home}`);
  });

  it('below the home directory may be written with ~', async () => {
    const host = withFile(file('["~/bin/token"]'));
    write(join(host.home, 'bin', 'token'), '#!/bin/sh\necho from-home-1\n');
    chmodSync(join(host.home, 'bin', 'token'), 0o700);
    expect((await resolveCredentials({ id: 'file:a' }, host)).env.ANTHROPIC_AUTH_TOKEN).toBe(
      'from-home-1',
    );
  });

  it.each([
    [
      'fails',
      `[sh, -c, 'echo leaked-out-1; echo leaked-err-1 >&2; exit 3']`,
      'ended with exit code 3',
    ],
    ['prints nothing', '[sh, -c, "echo; echo leaked-out-1"]', 'printed nothing'],
    ['prints a placeholder', '[echo, your-api-key]', 'only a placeholder'],
    ['prints what no header can hold', '[echo, "leaked-out-1 ä"]', 'cannot be sent in a header'],
    ['floods', '[sh, -c, "yes leaked-out-1"]', 'ended with'],
    ['is not there', '[/no/such/program]', 'Cannot start /no/such/program'],
  ])('that %s is an error that shows nothing of its output', async (_what, argv, message) => {
    const host = withFile(file(argv));
    const error = await resolveCredentials({ id: 'file:a' }, host).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      message: expect.stringContaining(message),
      hint: expect.any(String),
    });
    expect(inspect(error, { depth: 9 })).not.toContain('leaked');
  });
});

describe('mistakes', () => {
  it('are told all at once, each with its path and what to do; good profiles are left alone', async () => {
    const host = withFile(
      `profil: 1
profiles:
  good: {base_url: "https://g.example", token_env: G}
  bad:
    base_url: glm.example
    token_env: 7
    token_command: pass show glm
    modles: {default: x}
    models: {default: 4.6, large: y}
    price: {input: cheap}
    context_window: 200k
  key: {base_url: "https://k.example", api_key: sk-Pasted0Key}
  none: {base_url: "https://n.example"}
  not a name: {}
  text: hello
`,
      { G: 'g-token-1' },
    );
    const { profiles, warnings } = await found(host);
    expect(profiles.map(({ id, usable }) => [id.replace(/~.*/, ''), usable])).toEqual([
      ['file:good', true],
      ['file:bad', false],
      ['file:key', false],
      ['file:none', false],
      ['file:not-a-name', false],
      ['file:text', false],
    ]);
    const shown = warnings.map((text) => text.replace(host.profilesFile, 'FILE'));
    expect(shown).toMatchInlineSnapshot(`
      [
        "FILE: profil: not known. Everything stands below \`profiles:\`.",
        "FILE: profiles.bad.base_url: not valid. It takes an http(s) address, such as https://api.example.com/anthropic.",
        "FILE: profiles.bad.token_env: expected string, received number. It takes the name of an environment variable, such as EXAMPLE_TOKEN.",
        "FILE: profiles.bad.token_command: expected array, received string. It takes a program and its arguments as a list, such as [pass, show, example]; there is no shell.",
        "FILE: profiles.bad.models.default: expected string, received number. It takes a map of default, opus, sonnet, haiku or fable to a model id (a number in quotes).",
        "FILE: profiles.bad.models.large: not known here. \`models\` takes a map of default, opus, sonnet, haiku or fable to a model id (a number in quotes).",
        "FILE: profiles.bad.price.input: expected number, received string. It takes a map of input, output, cache_read, cache_write to USD per million tokens.",
        "FILE: profiles.bad.price.output: missing. It takes a map of input, output, cache_read, cache_write to USD per million tokens.",
        "FILE: profiles.bad.context_window: expected number, received string. It takes a whole number of tokens, such as 200000.",
        "FILE: profiles.bad.modles: not known. Known are label, base_url, auth, token_env, token_command, token_command_env, token, allow_inline_token, models, price, prices, context_window.",
        "FILE: profiles.bad: has token_env and token_command. Keep one of them.",
        "FILE: profiles.key.api_key: a token does not belong into this file. Put it into an environment variable and name that (token_env: EXAMPLE_TOKEN), or name a command that prints it (token_command: [pass, show, example]).",
        "FILE: profiles.none: no token. Add token_env (the name of an environment variable, such as EXAMPLE_TOKEN) or token_command (a program and its arguments as a list, such as [pass, show, example]; there is no shell).",
        "FILE: profiles.not a name: not a name. It takes letters, digits, dot, dash and underscore, at most 64.",
        "FILE: profiles.text: expected object, received string.",
      ]
    `);
    expect(() => pickProfile({ profile: 'bad' }, profiles)).toThrow(/profiles\.bad\.base_url/);
    expect(inspect([profiles, warnings])).not.toContain('Pasted0Key');
  });

  it.each([
    ['profiles: [1', /not valid YAML \(\w+ in line 1, column \d+\)/],
    ['profiles:\n  a: {}\n  a: {}\n', /not valid YAML \(DUPLICATE_KEY in line 3/],
    ['profiles: {a: {token: "sk-Leak0\n  : [', /not valid YAML/],
    ['profiles: *nowhere', /cannot be read/],
    ['[]', /not a map/],
    ['profiles: 3', /profiles: not a map/],
    ['just text', /not a map/],
  ])('in the file as a whole are a warning (%j)', async (text, message) => {
    const host = withFile(text);
    const { profiles, warnings } = await found(host);
    expect(profiles).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(message)]);
    expect(warnings[0]).toContain(host.profilesFile);
    expect(warnings[0]).not.toContain('Leak0');
  });

  it('such as a file that others can change are refused before anything in it is run', async () => {
    const host = withFile(
      'profiles: {a: {base_url: "https://a.example", token_command: [echo, x]}}',
      {},
      0o666,
    );
    const { profiles, warnings } = await found(host);
    expect(profiles).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/others can change it.*chmod 600/)]);
    expect(readFileSync(host.profilesFile, 'utf8')).toContain('echo');
  });
});
