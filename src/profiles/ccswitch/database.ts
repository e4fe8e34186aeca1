import { isObject, parseJson } from '../../core/json.ts';
import { type JsonRecord, recordAt, textAt } from '../json.ts';
import { DEFAULT_PROXY_PORT, type Provider, type Snapshot } from './provider.ts';
import type { Query } from './sqlite.ts';

const KNOWN_VERSION = 17;

/** What is read, and what SQLite itself reads to plan its queries. */
export const TABLES: ReadonlySet<string> = new Set([
  'providers',
  'settings',
  'proxy_config',
  'model_pricing',
  'sqlite_stat1',
  'sqlite_stat4',
]);

const LAST = 999_999;

/**
 * Reads the database of CC Switch 3.8 and later. The core columns of `providers` exist since the
 * first version; every other table and column may be missing, and a newer schema is read as well
 * as it can be, because reading harms nothing.
 */
export function readDatabase(query: Query): Snapshot {
  const tables = new Set(
    query("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) => name),
  );
  const from = (table: string, sql: string) => (tables.has(table) ? query(sql) : []);
  const warnings: string[] = [];

  const version = Number(query('PRAGMA user_version')[0]?.user_version ?? 0);
  if (version > KNOWN_VERSION) {
    warnings.push(
      `CC Switch's database has version ${version}; ${KNOWN_VERSION} is the newest one known here. What could be read is listed.`,
    );
  }
  if (version < KNOWN_VERSION && tables.has('providers')) {
    warnings.push(
      `CC Switch's database has version ${version}, older than ${KNOWN_VERSION}, for which this was made. If something is missing here, update CC Switch and start it once.`,
    );
  }
  if (!tables.has('providers')) warnings.push("CC Switch's database has no providers table.");

  const rows = from('providers', "SELECT * FROM providers WHERE app_type = 'claude'").sort(
    inListOrder,
  );
  const current = rows.find((row) => Number(row.is_current) === 1)?.id;
  const setting = (key: string) =>
    from('settings', `SELECT value FROM settings WHERE key = '${key}'`)[0]?.value;
  const common = setting('common_config_claude');
  const commonConfig = parsed(common);
  if (typeof common === 'string' && common.trim() !== '' && !isObject(commonConfig)) {
    warnings.push("CC Switch's common configuration for Claude is not JSON; it is left out.");
  }
  warnings.push(...unsynced(parsed(setting('universal_providers')), rows));
  const proxy =
    from('proxy_config', "SELECT * FROM proxy_config WHERE app_type = 'claude'")[0] ?? {};

  return {
    source: 'cc-switch',
    providers: rows.map(providerFrom),
    ...(current === undefined ? {} : { currentId: String(current) }),
    commonConfig,
    prices: from('model_pricing', 'SELECT * FROM model_pricing'),
    proxyPort: Number(proxy.listen_port) || DEFAULT_PROXY_PORT,
    defaultMultiplier: proxy.default_cost_multiplier,
    warnings,
  };
}

/** Universal providers that were never applied to Claude: only then do they become ordinary ones. */
function unsynced(universal: unknown, rows: readonly JsonRecord[]): string[] {
  const known = new Set(rows.map(({ id }) => String(id)));
  const entries = isObject(universal) ? Object.entries(universal) : [];
  return entries
    .filter(([id, entry]) => recordAt(entry, 'apps').claude === true && !known.has(childOf(id)))
    .map(
      ([id, entry]) =>
        `The universal provider ${textAt(entry, 'name') ?? id} is not applied to Claude yet. Open it in CC Switch and sync it.`,
    );
}

function childOf(universalId: string): string {
  return `universal-claude-${universalId}`;
}

function providerFrom(row: JsonRecord): Provider {
  const settings = parsed(row.settings_config);
  const meta = parsed(row.meta);
  return {
    id: String(row.id ?? ''),
    name: String(row.name ?? ''),
    category: String(row.category ?? ''),
    settings: isObject(settings) ? settings : undefined,
    meta: isObject(meta) ? meta : {},
  };
}

function inListOrder(a: JsonRecord, b: JsonRecord): number {
  const order = Number(a.sort_index ?? LAST) - Number(b.sort_index ?? LAST);
  if (order !== 0) return order;
  const age = Number(a.created_at ?? 0) - Number(b.created_at ?? 0);
  if (age !== 0) return age;
  return String(a.id) < String(b.id) ? -1 : 1;
}

function parsed(value: unknown): unknown {
  return typeof value === 'string' ? parseJson(value) : undefined;
}
