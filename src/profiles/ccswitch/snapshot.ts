import { readFile, realpath } from 'node:fs/promises';
import { CcError, errnoOf } from '../../core/errors.ts';
import { parseJson } from '../../core/json.ts';
import { textAt } from '../json.ts';
import type { ProfileHost } from '../profile.ts';
import { stateOf, withPrivateCopy } from './copy.ts';
import { readDatabase } from './database.ts';
import { readLegacy } from './legacy.ts';
import { type CcSwitchPlace, locateCcSwitch } from './locate.ts';
import { DEFAULT_PROXY_PORT, type Snapshot } from './provider.ts';
import { loadSqlite } from './sqlite.ts';

type Cached = { identity: string; snapshot: Snapshot };
const cache = new Map<string, Cached>();

/** What CC Switch knows, or undefined when it is not installed. Never fails: trouble is a warning. */
export async function readCcSwitch(host: ProfileHost): Promise<Snapshot | undefined> {
  const place = await locateCcSwitch(host);
  if (place === undefined) {
    const own = host.env.CC_SWITCH_HOME?.trim();
    return own
      ? empty('There is neither cc-switch.db nor config.json in CC_SWITCH_HOME.')
      : undefined;
  }
  try {
    return await withDeviceSettings(await readPlace(place, host.tmp), place);
  } catch (error) {
    return empty(
      `CC Switch's data could not be read (${causeOf(error)}). Its providers are missing here.`,
    );
  }
}

async function readPlace(place: CcSwitchPlace, tmp: string | undefined): Promise<Snapshot> {
  if (place.database === undefined) return readLegacy(await readFile(place.legacy ?? '', 'utf8'));
  // SQLite keeps the side files beside the real file, not beside a link to it.
  const database = await realpath(place.database);
  const cached = cache.get(database);
  if (cached !== undefined && cached.identity === (await stateOf(database)).identity) {
    return cached.snapshot;
  }
  const open = await loadSqlite();
  if (open === undefined) {
    return empty(
      "CC Switch's database cannot be read: it takes Node 22.13 or newer, or the optional dependency libsql (npm install libsql).",
    );
  }
  try {
    const { value, identity } = await withPrivateCopy(database, tmp, (copy) =>
      open(copy, readDatabase),
    );
    if (identity !== undefined) cache.set(database, { identity, snapshot: value });
    return value;
  } catch (error) {
    if (cached === undefined || !(error instanceof CcError && error.retryable)) throw error;
    const warning = `CC Switch's data is as it was read before: ${error.message}`;
    return { ...cached.snapshot, warnings: [...cached.snapshot.warnings, warning] };
  }
}

/** The device's own choice of the current provider counts before the one in the shared database. */
async function withDeviceSettings(snapshot: Snapshot, place: CcSwitchPlace): Promise<Snapshot> {
  const text = await readFile(place.settings, 'utf8').catch(() => undefined);
  const chosen = text === undefined ? undefined : textAt(parseJson(text), 'currentProviderClaude');
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
