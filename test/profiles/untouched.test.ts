import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { stateOf, withPrivateCopy } from '../../src/profiles/ccswitch/copy.ts';
import { listProfiles } from '../../src/profiles/list.ts';
import { resolveCredentials } from '../../src/profiles/resolve-credentials.ts';
import { direct, install, installProviders, testHost } from './host.ts';

/** Everything about a directory that reading it could disturb, except access times. */
function facts(directory: string): unknown {
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
      const before = facts(host.appDir);
      const { profiles } = await listProfiles(host);
      for (const profile of profiles.filter(({ usable }) => usable))
        await resolveCredentials(profile, host);
      expect(facts(host.appDir)).toEqual(before);
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

  it.each(['DELETE', 'WAL', 'TRUNCATE', 'PERSIST'])(
    'are read whole while they are written (%s)',
    async (mode) => {
      const host = testHost();
      const path = installProviders(host, [direct('a'), direct('b')]);
      const writer = new Database(path);
      writer.prepare(`PRAGMA journal_mode = ${mode}`).all();
      let round = 0;
      const timer = setInterval(() => {
        round += 1;
        writer.exec(
          `BEGIN; UPDATE providers SET name = 'round-${round}' WHERE id = 'a'; UPDATE providers SET name = 'round-${round}' WHERE id = 'b'; COMMIT`,
        );
      }, 15);
      const seen = new Set<string>();
      try {
        for (let reading = 0; reading < 3; reading += 1) {
          const { profiles, warnings } = await listProfiles(host);
          expect(warnings).toEqual([]);
          const [, a, b] = profiles.map(({ name }) => name);
          expect(a === 'a' ? 'b' : a).toBe(b);
          seen.add(`${a}`);
        }
      } finally {
        clearInterval(timer);
        writer.close();
      }
      expect(seen.size).toBeGreaterThan(1);
    },
  );

  it('that never rest are read as they were before, and said to be', async () => {
    const host = testHost();
    const path = installProviders(host, [direct('a')]);
    const first = await listProfiles(host);
    let size = 0;
    const disturb = () => {
      size += 1;
      writeFileSync(`${path}-journal`, 'x'.repeat(size));
    };
    disturb();
    const timer = setInterval(disturb, 0);
    const { profiles, warnings } = await listProfiles(host).finally(() => clearInterval(timer));
    expect(profiles).toEqual(first.profiles);
    expect(warnings).toEqual([expect.stringContaining('as it was read before')]);
  });
});

describe('the private copy', () => {
  it('is readable by nobody else, and gone afterwards', async () => {
    const host = testHost();
    install(host, 'hot-journal');
    chmodSync(join(host.appDir, 'cc-switch.db'), 0o644);
    await withPrivateCopy(join(host.appDir, 'cc-switch.db'), host.tmp, (copy) => {
      expect(statSync(join(copy, '..')).mode & 0o777).toBe(0o700);
      expect(statSync(copy).mode & 0o777).toBe(0o600);
      expect(readdirSync(join(copy, '..')).sort()).toEqual(['copy.db', 'copy.db-journal']);
    });
    expect(readdirSync(host.tmp)).toEqual([]);
  });

  it('is gone after a failure, too', async () => {
    const host = testHost();
    install(host, 'cc-switch.db', 'cc-switch.db');
    const failing = withPrivateCopy(join(host.appDir, 'cc-switch.db'), host.tmp, () => {
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

  it('has an identity that changes with every part', async () => {
    const host = testHost();
    install(host, 'cc-switch.db', 'cc-switch.db');
    const path = join(host.appDir, 'cc-switch.db');
    const seen = new Set([(await stateOf(path)).identity]);
    install(host, 'wal/cc-switch.db-wal', 'cc-switch.db-wal');
    seen.add((await stateOf(path)).identity);
    install(host, 'hot-journal/cc-switch.db-journal', 'cc-switch.db-journal');
    seen.add((await stateOf(path)).identity);
    expect(seen.size).toBe(3);
  });
});
