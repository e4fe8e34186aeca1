import { readFileSync } from 'node:fs';
import { CcError, errnoOf } from '../../core/errors.ts';
import { parseJson } from '../../core/json.ts';
import { readText } from '../file-state.ts';
import { textAt } from '../json.ts';
import type { ProfileHost } from '../profile.ts';
import { withPrivateCopy } from './copy.ts';
import { readDatabase, TABLES } from './database.ts';
import { readLegacy } from './legacy.ts';
import type { CcSwitchPlace } from './locate.ts';
import { DEFAULT_PROXY_PORT, type Snapshot } from './provider.ts';
import { loadSqlite } from './sqlite.ts';

/** What CC Switch knows, or undefined when it is not installed. Never fails: trouble is a warning. */
export async function readCcSwitch(
  host: ProfileHost,
  place: CcSwitchPlace | undefined,
): Promise<Snapshot | undefined> {
  if (place === undefined) {
    const own = host.env.CC_SWITCH_HOME?.trim();
    return own
      ? empty('There is neither cc-switch.db nor config.json in CC_SWITCH_HOME.')
      : undefined;
  }
  try {
    return withDeviceSettings(await readPlace(place, host.tmp), place);
  } catch (error) {
    const warning = `CC Switch's data could not be read (${causeOf(error)}). Its providers are missing here.`;
    return { ...empty(warning), unread: warning };
  }
}

async function readPlace(place: CcSwitchPlace, tmp: string | undefined): Promise<Snapshot> {
  if (place.database === undefined) return readLegacy(readFileSync(place.legacy ?? '', 'utf8'));
  const open = await loadSqlite();
  if (open === undefined) {
    return empty(
      "CC Switch's database cannot be read: it takes Node 22.13 or newer, or the optional dependency libsql (npm install libsql).",
    );
  }
  return withPrivateCopy(place.database, TABLES, tmp, (copy) => open(copy, readDatabase));
}

/** The device's own choice of the current provider counts before the one in the shared database. */
function withDeviceSettings(snapshot: Snapshot, place: CcSwitchPlace): Snapshot {
  const chosen = textAt(parseJson(readText(place.settings) ?? ''), 'currentProviderClaude');
  const exists = snapshot.providers.some(({ id }) => id === chosen);
  return chosen !== undefined && exists ? { ...snapshot, currentId: chosen } : snapshot;
}

function empty(warning: string): Snapshot {
  return {
    source: 'cc-switch',
    providers: [],
    prices: [],
    proxyPort: DEFAULT_PROXY_PORT,
    warnings: [warning],
  };
}

/** A code or our own words only; a foreign message may quote what the file holds. */
function causeOf(error: unknown): string {
  if (error instanceof CcError) return error.message.replace(/\.$/, '');
  return errnoOf(error) ?? 'not a readable SQLite database';
}
