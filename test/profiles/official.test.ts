import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listProfiles } from '../../src/profiles/list.ts';
import { resolveCredentials } from '../../src/profiles/resolve-credentials.ts';
import { logIn, type TestHost, testHost, write } from './host.ts';

const login = async (host: TestHost) => (await listProfiles(host)).profiles[0];

describe('the Claude login', () => {
  it('is there when its file is', async () => {
    const host = testHost();
    expect(await login(host)).toMatchObject({
      usable: false,
      login_state: 'absent',
      reason: expect.stringContaining('/login'),
    });
    logIn(host);
    expect(await login(host)).toMatchObject({
      usable: true,
      login_state: 'present',
      account: 'login',
    });
    expect((await resolveCredentials({ id: 'official' }, host)).env).toEqual({});
  });

  it('is not there when the file is empty or a directory', async () => {
    const empty = testHost();
    write(join(empty.home, '.claude', '.credentials.json'), '{}');
    expect(await login(empty)).toMatchObject({ usable: false });
    const directory = testHost();
    write(join(directory.home, '.claude', '.credentials.json', 'x'), 'x');
    expect(await login(directory)).toMatchObject({ usable: false });
  });

  it('is where CLAUDE_CONFIG_DIR says, and the worker is told', async () => {
    const host = testHost();
    const elsewhere = join(host.home, 'work');
    write(join(elsewhere, '.credentials.json'), '{"claudeAiOauth":{}}');
    const moved = { ...host, env: { CLAUDE_CONFIG_DIR: elsewhere } };
    expect(await login(moved)).toMatchObject({ usable: true });
    expect((await resolveCredentials({ id: 'official' }, moved)).env).toEqual({
      CLAUDE_CONFIG_DIR: elsewhere,
    });
    logIn(host);
    expect(
      await login({ ...host, env: { CLAUDE_CONFIG_DIR: join(host.home, 'none') } }),
    ).toMatchObject({ usable: false });
  });

  it('can be a token in the environment', async () => {
    const host = testHost({ CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-abc' });
    expect(await login(host)).toMatchObject({ usable: true, login_state: 'present' });
    const { env, secrets } = await resolveCredentials({ id: 'official' }, host);
    expect(env).toEqual({ CLAUDE_CODE_OAUTH_TOKEN: 'sk-ant-oat01-abc' });
    expect(secrets).toEqual(['sk-ant-oat01-abc']);
  });

  it('is unknown on macOS, where it is in the keychain', async () => {
    expect(await login(testHost({}, 'darwin'))).toMatchObject({
      usable: true,
      login_state: 'unknown',
      warnings: [expect.stringContaining('keychain')],
    });
  });
});
