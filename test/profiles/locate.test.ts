import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { locateCcSwitch } from '../../src/profiles/ccswitch/locate.ts';
import { listProfiles } from '../../src/profiles/list.ts';
import { testHost, write } from './host.ts';

const APP = 'com.ccswitch.desktop';
const at = (directory: string) => join(directory, 'cc-switch.db');

describe('the place of CC Switch', () => {
  it('is in the home directory', async () => {
    const host = testHost();
    expect(await locateCcSwitch(host)).toBeUndefined();
    write(join(host.appDir, 'config.json'), '{}');
    expect(await locateCcSwitch(host)).toEqual({
      legacy: join(host.appDir, 'config.json'),
      settings: join(host.appDir, 'settings.json'),
    });
    write(at(host.appDir), '');
    expect(await locateCcSwitch(host)).toEqual({
      database: at(host.appDir),
      settings: join(host.appDir, 'settings.json'),
    });
  });

  it.each<[NodeJS.Platform, (home: string) => string, Record<string, string>]>([
    ['darwin', (home) => join(home, 'Library', 'Application Support'), {}],
    ['win32', (home) => join(home, 'AppData', 'Roaming'), {}],
    ['linux', (home) => join(home, '.local', 'share'), {}],
    ['linux', (home) => join(home, '.var', 'app', APP, 'data'), {}],
  ])('can be moved by the app (%s)', async (platform, store, env) => {
    const host = testHost(env, platform);
    const moved = join(host.home, 'Sync', 'cc-switch');
    write(at(host.appDir), '');
    write(at(moved), '');
    write(
      join(store(host.home), APP, 'app_paths.json'),
      '{"app_config_dir_override":"~/Sync/cc-switch"}',
    );
    expect(await locateCcSwitch(host)).toEqual({
      database: at(moved),
      settings: join(host.appDir, 'settings.json'),
    });
  });

  it.each(['XDG_DATA_HOME', 'APPDATA'])('is moved by the store in %s', async (variable) => {
    const host = testHost({}, variable === 'APPDATA' ? 'win32' : 'linux');
    const moved = join(host.home, 'moved');
    write(at(moved), '');
    write(
      join(host.home, 'store', APP, 'app_paths.json'),
      JSON.stringify({ app_config_dir_override: moved }),
    );
    const place = await locateCcSwitch({ ...host, env: { [variable]: join(host.home, 'store') } });
    expect(place?.database).toBe(at(moved));
  });

  it.each([
    '{',
    '[]',
    '{"app_config_dir_override":7}',
    '{"app_config_dir_override":"~/gone"}',
    '{"app_config_dir_override":""}',
  ])('is not moved by %s', async (text) => {
    const host = testHost();
    write(at(host.appDir), '');
    write(join(host.home, '.local', 'share', APP, 'app_paths.json'), text);
    expect((await locateCcSwitch(host))?.database).toBe(at(host.appDir));
  });

  it('can be given by CC_SWITCH_HOME, which counts before all', async () => {
    const host = testHost();
    const own = join(host.home, 'own');
    write(at(host.appDir), '');
    write(at(own), '');
    for (const path of [own, '~/own']) {
      const place = await locateCcSwitch({ ...host, env: { CC_SWITCH_HOME: path } });
      expect(place).toEqual({ database: at(own), settings: join(own, 'settings.json') });
    }
    const { warnings } = await listProfiles({
      ...host,
      env: { CC_SWITCH_HOME: join(host.home, 'typo') },
    });
    expect(warnings).toEqual([expect.stringContaining('CC_SWITCH_HOME')]);
  });

  it('was wrong once on Windows', async () => {
    const host = testHost({}, 'win32');
    const wrong = join(host.home, 'msys');
    write(at(join(wrong, '.cc-switch')), '');
    expect((await locateCcSwitch({ ...host, env: { HOME: wrong } }))?.database).toBe(
      at(join(wrong, '.cc-switch')),
    );
    expect(
      await locateCcSwitch({ ...host, env: { HOME: wrong }, platform: 'linux' }),
    ).toBeUndefined();
  });
});
