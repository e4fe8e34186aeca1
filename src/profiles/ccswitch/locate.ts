import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '../../core/json.ts';
import { textAt } from '../json.ts';
import type { ProfileHost } from '../profile.ts';

const APP_ID = 'com.ccswitch.desktop';
const DATABASE = 'cc-switch.db';
const LEGACY = 'config.json';

export type CcSwitchPlace = {
  /** Absent when only the old config.json is there. */
  database?: string;
  legacy?: string;
  /** Settings of this device; they stay in the home directory even when the data moved. */
  settings: string;
};

/** Where CC Switch keeps its data, or undefined when it is not installed. */
export async function locateCcSwitch(host: ProfileHost): Promise<CcSwitchPlace | undefined> {
  const own = host.env.CC_SWITCH_HOME?.trim();
  const standard = join(host.home, '.cc-switch');
  const directory = own ? expandHome(own, host.home) : await dataDirectory(host, standard);
  const settings = join(own ? directory : standard, 'settings.json');
  const database = join(directory, DATABASE);
  const legacy = join(directory, LEGACY);
  if (await isFile(database)) return { database, settings };
  if (await isFile(legacy)) return { legacy, settings };
  return undefined;
}

async function dataDirectory(host: ProfileHost, standard: string): Promise<string> {
  for (const store of overrideStores(host)) {
    const text = await readFile(store, 'utf8').catch(() => undefined);
    const override =
      text === undefined ? undefined : textAt(parseJson(text), 'app_config_dir_override');
    if (override === undefined) continue;
    const directory = expandHome(override, host.home);
    // The app, too, ignores a directory that is gone.
    if (await isDirectory(directory)) return directory;
  }
  // Version 3.10.3 on Windows took %HOME% for the profile directory.
  const wrongHome = host.platform === 'win32' ? host.env.HOME?.trim() : undefined;
  if (wrongHome && !(await isFile(join(standard, DATABASE)))) {
    const misplaced = join(wrongHome, '.cc-switch');
    if (await isFile(join(misplaced, DATABASE))) return misplaced;
  }
  return standard;
}

function overrideStores({ env, home, platform }: ProfileHost): string[] {
  const at = (directory: string) => join(directory, APP_ID, 'app_paths.json');
  if (platform === 'darwin') return [at(join(home, 'Library', 'Application Support'))];
  if (platform === 'win32') return [at(env.APPDATA?.trim() || join(home, 'AppData', 'Roaming'))];
  return [
    at(env.XDG_DATA_HOME?.trim() || join(home, '.local', 'share')),
    at(join(home, '.var', 'app', APP_ID, 'data')),
  ];
}

function expandHome(path: string, home: string): string {
  if (path === '~') return home;
  return /^~[\\/]/.test(path) ? join(home, path.slice(2)) : path;
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
