import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { withPrivateCopy } from '../../src/profiles/ccswitch/copy.ts';
import { readDatabase, TABLES } from '../../src/profiles/ccswitch/database.ts';
import { readExcerpt } from '../../src/profiles/ccswitch/excerpt.ts';
import type { Snapshot } from '../../src/profiles/ccswitch/provider.ts';
import { loadSqlite } from '../../src/profiles/ccswitch/sqlite.ts';
import { listProfiles } from '../../src/profiles/list.ts';
import { type TestHost, testHost } from './host.ts';
import { direct, installProviders } from './providers.ts';

type Db = InstanceType<typeof Database>;

const LONG = 'long text '.repeat(3000);

/** A database with deep trees and long chains, whose other tables are much larger. */
function crowded(host: TestHost, providers = 150): string {
  const rows = Array.from({ length: providers }, (_, index) => ({
    ...direct(`p${index}`, { NOTE: index % 7 === 0 ? LONG : 'short' }),
  }));
  const path = installProviders(host, rows);
  edit(path, (db) => {
    db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
      INSERT INTO proxy_request_logs (request_id, provider_id, app_type, model, latency_ms, status_code, created_at)
      SELECT hex(randomblob(40)), 'p1', 'claude', hex(randomblob(100)), 1, 200, i FROM n`);
  });
  return path;
}

function edit(path: string, work: (db: Db) => void): void {
  const db = new Database(path);
  work(db);
  db.close();
}

async function viaExcerpt(host: TestHost, path: string, tables = TABLES): Promise<Snapshot> {
  const open = await loadSqlite();
  if (open === undefined) throw new Error('no SQLite');
  let tries = 0;
  const snapshot = await withPrivateCopy(path, tables, host.tmp, (copy) => {
    tries += 1;
    return open(copy, readDatabase);
  });
  // A second one would be of everything, because something was missing.
  expect(tries).toBe(1);
  return snapshot;
}

/** What SQLite says about a copy of everything, made while nobody writes. */
async function viaWhole(host: TestHost, path: string): Promise<Snapshot> {
  const whole = join(host.home, 'whole.db');
  for (const part of ['', '-wal', '-journal']) {
    if (existsSync(path + part)) copyFileSync(path + part, whole + part);
  }
  const open = await loadSqlite();
  if (open === undefined) throw new Error('no SQLite');
  return open(whole, readDatabase);
}

function sharePages(path: string): number {
  const excerpt = readExcerpt(path, TABLES);
  if (excerpt === undefined) throw new Error('not understood');
  return (excerpt.pages.size * excerpt.pageSize) / statSync(path).size;
}

describe('an excerpt', () => {
  it.each([512, 4096, 65_536])(
    'holds what is needed, and hardly more (pages of %i bytes)',
    async (size) => {
      const host = testHost();
      const path = crowded(host);
      edit(path, (db) =>
        db.exec(`PRAGMA journal_mode = DELETE; PRAGMA page_size = ${size}; VACUUM`),
      );
      const snapshot = await viaExcerpt(host, path);
      expect(snapshot).toEqual(await viaWhole(host, path));
      expect(snapshot.providers).toHaveLength(150);
      // In the smallest pages a row of the schema does not fit, so everything is taken.
      if (size > 512) expect(sharePages(path)).toBeLessThan(0.75);
    },
  );

  it('follows trees that have become deeper, and moved, in a log that was never written back', async () => {
    const host = testHost();
    const path = crowded(host, 3);
    const writer = new Database(path);
    writer.prepare('PRAGMA journal_mode = WAL').all();
    writer.exec('PRAGMA wal_autocheckpoint = 0');
    for (let round = 0; round < 4; round += 1) {
      writer.exec(
        `INSERT INTO providers SELECT id || '-${round}', app_type, name, replace(settings_config, 'short', '${LONG}'), website_url, category, created_at, sort_index, notes, icon, icon_color, meta, 0, in_failover_queue, cost_multiplier, limit_daily_usd, limit_monthly_usd, provider_type FROM providers`,
      );
    }
    writer.exec(
      "DELETE FROM providers WHERE id LIKE '%-1-2'; CREATE INDEX extra ON providers (name)",
    );
    const snapshot = await viaExcerpt(host, path);
    expect(snapshot).toEqual(await viaWhole(host, path));
    expect(snapshot.providers).toHaveLength(42);
    writer.close();
  });

  it('of a transaction under way holds what was before it', async () => {
    const host = testHost();
    const path = crowded(host, 100);
    const before = await viaExcerpt(host, path);
    const writer = new Database(path);
    writer.exec('PRAGMA journal_mode = DELETE; PRAGMA cache_size = 5');
    writer.exec(
      `BEGIN IMMEDIATE; DELETE FROM providers WHERE id LIKE 'p1%'; UPDATE providers SET name = 'never', settings_config = '${LONG}'; DELETE FROM settings`,
    );
    // The cache is too small for it, so the file itself has changed already.
    expect(existsSync(`${path}-journal`)).toBe(true);
    expect(await viaExcerpt(host, path)).toEqual(before);
    expect(await viaWhole(host, path)).toEqual(before);
    writer.exec('ROLLBACK');
    writer.close();
  });

  it('is not taken of a text encoding that is not understood, and all is read', async () => {
    const host = testHost();
    const path = join(host.home, 'utf16.db');
    edit(path, (db) => {
      db.exec("PRAGMA encoding = 'UTF-16le'");
      db.exec(
        "CREATE TABLE providers (id TEXT, app_type TEXT, name TEXT, settings_config TEXT); INSERT INTO providers VALUES ('a', 'claude', '名', '{}')",
      );
    });
    expect(readExcerpt(path, TABLES)).toBeUndefined();
    expect((await viaExcerpt(host, path)).providers).toMatchObject([{ id: 'a', name: '名' }]);
  });

  it('of a damaged database is refused by SQLite, never guessed', async () => {
    const host = testHost();
    const path = crowded(host, 20);
    const bytes = readFileSync(path);
    for (let page = 1; page < bytes.length / 4096; page += 2)
      bytes.fill(0xff, page * 4096, page * 4096 + 64);
    writeFileSync(path, bytes);
    await expect(viaExcerpt(host, path)).rejects.toThrow(/malformed|corrupt/);
    const { profiles, warnings } = await listProfiles(host);
    expect(profiles.map(({ id }) => id)).toEqual(['official']);
    expect(warnings).toEqual([expect.stringContaining('could not be read')]);
  });
});

describe('what happens in the middle of reading', () => {
  /** The tables, with something that happens when the first page has been read and no other. */
  function interrupted(happens: () => void): ReadonlySet<string> {
    let waiting = true;
    const has = (table: string) => {
      if (waiting) {
        waiting = false;
        happens();
      }
      return TABLES.has(table);
    };
    return Object.assign(new Set(TABLES), { has });
  }

  async function readMeanwhile(mode: string, happens: (writer: Db) => void) {
    const host = testHost();
    const path = crowded(host, 60);
    const writer = new Database(path);
    writer.prepare(`PRAGMA journal_mode = ${mode}`).all();
    writer.exec("PRAGMA cache_size = 5; UPDATE providers SET name = 'before'");
    const tables = interrupted(() => happens(writer));
    const { providers } = await viaExcerpt(host, path, tables);
    writer.close();
    return [providers.length, ...new Set(providers.map(({ name }) => name))];
  }

  const commit = `BEGIN; DELETE FROM providers WHERE id LIKE '%1'; UPDATE providers SET name = 'after', settings_config = '{"a":"${LONG}"}'; COMMIT`;

  it.each(['DELETE', 'TRUNCATE', 'PERSIST'])('a commit is seen, whole (%s)', async (mode) => {
    expect(await readMeanwhile(mode, (writer) => writer.exec(commit))).toEqual([54, 'after']);
  });

  it.each(['DELETE', 'WAL'])('pages may change their places (%s)', async (mode) => {
    const vacuum = (writer: Db) => writer.exec(`${commit}; VACUUM`);
    expect(await readMeanwhile(mode, vacuum)).toEqual([54, 'after']);
  });

  it.each(['DELETE', 'TRUNCATE', 'PERSIST'])(
    'what is written and not committed is not seen (%s)',
    async (mode) => {
      const begin = commit.replace('; COMMIT', '');
      expect(await readMeanwhile(mode, (writer) => writer.exec(begin))).toEqual([60, 'before']);
    },
  );

  it.each(['PASSIVE', 'RESTART', 'TRUNCATE'])('a log may be written back (%s)', async (how) => {
    const seen = await readMeanwhile('WAL', (writer) => {
      writer.exec(commit);
      writer.prepare(`PRAGMA wal_checkpoint(${how})`).all();
      writer.exec("UPDATE providers SET name = 'later'");
    });
    expect(seen).toEqual([54, 'later']);
  });
});
