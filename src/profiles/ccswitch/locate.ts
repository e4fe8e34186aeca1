import { realpathSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '../../core/json.ts';
import { readText } from '../file-state.ts';
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
export function locateCcSwitch(host: ProfileHost): CcSwitchPlace | undefined {
  const own = host.env.CC_SWITCH_HOME?.trim();
  const standard = join(host.home, '.cc-switch');
  const directory = own ? expandHome(own, host.home) : dataDirectory(host, standard);
  const settings = join(own ? directory : standard, 'settings.json');
  const database = join(directory, DATABASE);
  const legacy = join(directory, LEGACY);
  // SQLite keeps the side files beside the real file, not beside a link to it.
  if (isFile(database)) return { database: realpathSync(database), settings };
  if (isFile(legacy)) return { legacy, settings };
  return undefined;
}

function dataDirectory(host: ProfileHost, standard: string): string {
  for (const store of overrideStores(host)) {
    const override = textAt(parseJson(readText(store) ?? ''), 'app_config_dir_override');
    if (override === undefined) continue;
    const directory = expandHome(override, host.home);
    // The app, too, ignores a directory that is gone.
    if (isDirectory(directory)) return directory;
  }
  // Version 3.10.3 on Windows took %HOME% for the profile directory.
  const wrongHome = host.platform === 'win32' ? host.env.HOME?.trim() : undefined;
  if (wrongHome && !isFile(join(standard, DATABASE))) {
    const misplaced = join(wrongHome, '.cc-switch');
    if (isFile(join(misplaced, DATABASE))) return misplaced;
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

function isFile(path: string): boolean {
  return factsOf(path)?.isFile() ?? false;
}

function isDirectory(path: string): boolean {
  return factsOf(path)?.isDirectory() ?? false;
}

function factsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
