import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';

export const FIXTURES = fileURLToPath(new URL('../fixtures/cc-switch', import.meta.url));

/** Where CC Switch keeps its data on a machine. */
type Machine = { appDir: string };

/** Puts a file or a directory of the fixtures into the host's CC Switch directory. */
export function install(host: Machine, fixture: string, name?: string): void {
  const from = join(FIXTURES, fixture);
  const isFile = name !== undefined;
  const to = isFile ? join(host.appDir, name) : host.appDir;
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
}

export type ProviderRow = {
  id: string;
  name?: string;
  settings: unknown;
  meta?: unknown;
  category?: string;
  sortIndex?: number;
  current?: boolean;
};

/** A database with the real schema and these Claude providers only. */
export function installProviders(host: Machine, rows: ProviderRow[], also: string[] = []): string {
  const path = join(host.appDir, 'cc-switch.db');
  if (!existsSync(path)) install(host, 'cc-switch.db', 'cc-switch.db');
  const database = new Database(path);
  database.exec(
    "DELETE FROM providers; DELETE FROM settings WHERE key IN ('common_config_claude', 'universal_providers')",
  );
  const insert = database.prepare(
    'INSERT INTO providers (id, app_type, name, settings_config, category, created_at, sort_index, meta, is_current, notes, website_url) VALUES (?,?,?,?,?,?,?,?,?,?,?)',
  );
  database.exec('BEGIN');
  rows.forEach((row, index) => {
    const settings = typeof row.settings === 'string' ? row.settings : JSON.stringify(row.settings);
    const meta = JSON.stringify(row.meta ?? {});
    const order = row.sortIndex ?? index;
    const current = row.current ? 1 : 0;
    insert.run(
      row.id,
      'claude',
      row.name ?? row.id,
      settings,
      row.category ?? 'custom',
      1,
      order,
      meta,
      current,
      'note',
      'https://site.example',
    );
  });
  for (const sql of also) database.exec(sql);
  database.exec('COMMIT');
  database.close();
  return path;
}

/** A provider that can be used as it is. */
export function direct(id: string, env: Record<string, unknown> = {}): ProviderRow {
  return {
    id,
    settings: {
      env: {
        ANTHROPIC_BASE_URL: `https://${id}.example/api`,
        ANTHROPIC_AUTH_TOKEN: `token-of-${id}-123`,
        ANTHROPIC_MODEL: `${id}-model`,
        ...env,
      },
    },
  };
}
