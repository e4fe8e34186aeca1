import { chmodSync, mkdirSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { withPrivateCopy } from '../../src/profiles/ccswitch/copy.ts';
import { TABLES } from '../../src/profiles/ccswitch/database.ts';
import { databaseState } from '../../src/profiles/ccswitch/database-state.ts';
import { listProfiles } from '../../src/profiles/list.ts';
import { resolveCredentials } from '../../src/profiles/resolve-credentials.ts';
import { factsOf, testHost } from './host.ts';
import { direct, install, installProviders } from './providers.ts';

describe("the user's files", () => {
  const sets = [
    'cc-switch.db',
    'cc-switch.future.db',
    'wal',
    'hot-journal',
    'config.v2.json',
    'config.v1.json',
  ];
  it.each(sets)(
    '%s: are the same after listing and resolving, down to the times',
    async (fixture) => {
      const host = testHost();
      const name = fixture.endsWith('.json')
        ? 'config.json'
        : fixture.endsWith('.db')
          ? 'cc-switch.db'
          : undefined;
      install(host, fixture, name);
      const before = factsOf(host.appDir);
      const { profiles } = await listProfiles(host);
      for (const profile of profiles.filter(({ usable }) => usable))
        await resolveCredentials(profile, host);
      expect(factsOf(host.appDir)).toEqual(before);
      expect(readdirSync(host.tmp)).toEqual([]);
    },
  );

  it('can be in a directory that is read-only', async () => {
    const host = testHost();
    install(host, 'hot-journal');
    for (const name of readdirSync(host.appDir)) chmodSync(join(host.appDir, name), 0o400);
    chmodSync(host.appDir, 0o500);
    const { profiles, warnings } = await listProfiles(host);
    chmodSync(host.appDir, 0o700);
    expect(warnings).toEqual([]);
    expect(profiles.length).toBeGreaterThan(5);
  });

  it('can be locked by a writer in the middle of a transaction', async () => {
    const host = testHost();
    const path = installProviders(host, [direct('committed')]);
    const writer = new Database(path);
    writer.exec('BEGIN EXCLUSIVE');
    writer.exec("UPDATE providers SET name = 'uncommitted'");
    const { profiles } = await listProfiles(host);
    writer.exec('ROLLBACK');
    writer.close();
    expect(profiles.map(({ name }) => name)).toEqual(['Claude login', 'committed']);
  });
});

describe('the private copy', () => {
  it('is readable by nobody else, and gone afterwards', async () => {
    const host = testHost();
    install(host, 'hot-journal');
    chmodSync(join(host.appDir, 'cc-switch.db'), 0o644);
    await withPrivateCopy(join(host.appDir, 'cc-switch.db'), TABLES, host.tmp, (copy) => {
      expect(statSync(join(copy, '..')).mode & 0o777).toBe(0o700);
      expect(statSync(copy).mode & 0o777).toBe(0o600);
      expect(readdirSync(join(copy, '..')).sort()).toEqual(['copy.db', 'copy.db-journal']);
    });
    expect(readdirSync(host.tmp)).toEqual([]);
  });

  it('is gone after a failure, too', async () => {
    const host = testHost();
    install(host, 'cc-switch.db', 'cc-switch.db');
    const failing = withPrivateCopy(join(host.appDir, 'cc-switch.db'), TABLES, host.tmp, () => {
      throw new Error('boom');
    });
    await expect(failing).rejects.toThrow('boom');
    expect(readdirSync(host.tmp)).toEqual([]);
  });

  it('of a killed process is removed by the next one, a living one is left', async () => {
    const host = testHost();
    install(host, 'cc-switch.db', 'cc-switch.db');
    const old = join(host.tmp, 'cc-orchestrator-copy-old');
    const fresh = join(host.tmp, 'cc-orchestrator-copy-new');
    const foreign = join(host.tmp, 'something-else');
    for (const path of [old, fresh, foreign]) mkdirSync(path);
    const hourAgo = Date.now() / 1000 - 3600;
    for (const path of [old, foreign]) utimesSync(path, hourAgo, hourAgo);
    await listProfiles(host);
    expect(readdirSync(host.tmp).sort()).toEqual(['cc-orchestrator-copy-new', 'something-else']);
  });

  it('is of a state that changes with every part', () => {
    const host = testHost();
    install(host, 'cc-switch.db', 'cc-switch.db');
    const path = join(host.appDir, 'cc-switch.db');
    const seen = new Set([databaseState(path).identity]);
    install(host, 'wal/cc-switch.db-wal', 'cc-switch.db-wal');
    seen.add(databaseState(path).identity);
    install(host, 'hot-journal/cc-switch.db-journal', 'cc-switch.db-journal');
    seen.add(databaseState(path).identity);
    expect(seen.size).toBe(3);
  });
});
