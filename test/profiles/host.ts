import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';
import { onTestFinished } from 'vitest';
import type { ProfileHost } from '../../src/profiles/profile.ts';

export const FIXTURES = fileURLToPath(new URL('../fixtures/cc-switch', import.meta.url));

export type TestHost = ProfileHost & { tmp: string; appDir: string };

/** A machine with an empty home and its own directory for temporary files. */
export function testHost(
  env: Record<string, string> = {},
  platform: NodeJS.Platform = 'linux',
): TestHost {
  const root = mkdtempSync(join(tmpdir(), 'cc-profiles-test-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const home = join(root, 'home');
  const tmp = join(root, 'tmp');
  mkdirSync(home);
  mkdirSync(tmp);
  return { env, home, platform, tmp, appDir: join(home, '.cc-switch') };
}

/** Puts a file or a directory of the fixtures into the host's CC Switch directory. */
export function install(host: TestHost, fixture: string, name?: string): void {
  const from = join(FIXTURES, fixture);
  const isFile = name !== undefined;
  const to = isFile ? join(host.appDir, name) : host.appDir;
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
}

export function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

export function logIn(host: TestHost): void {
  write(join(host.home, '.claude', '.credentials.json'), '{"claudeAiOauth":{}}');
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
export function installProviders(host: TestHost, rows: ProviderRow[], also: string[] = []): string {
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

/** Everything about a directory that reading it could disturb, except access times. */
export function factsOf(directory: string): unknown {
  const of = (path: string) => {
    const { mode, size, mtimeNs, ctimeNs, ino } = statSync(path, { bigint: true });
    return [mode, size, mtimeNs, ctimeNs, ino].join(' ');
  };
  const hash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
  const files = readdirSync(directory).sort();
  return [
    of(directory),
    ...files.map((name) => [name, of(join(directory, name)), hash(join(directory, name))]),
  ];
}
