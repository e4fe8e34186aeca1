import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { withPrivateCopy } from '../../src/profiles/ccswitch/copy.ts';
import { TABLES } from '../../src/profiles/ccswitch/database.ts';
import { undisturbed } from '../../src/profiles/ccswitch/database-state.ts';
import { findCandidates } from '../../src/profiles/find-candidates.ts';
import { listProfiles } from '../../src/profiles/list.ts';
import { resolveCredentials } from '../../src/profiles/resolve-credentials.ts';
import { installBigDatabase } from './big-database.ts';
import { factsOf, type TestHost, testHost } from './host.ts';
import { direct, installProviders } from './providers.ts';

const WRITER = fileURLToPath(new URL('writer.mjs', import.meta.url));
const HAMMERED_MS = 1500;

/** A writer that never rests; `end` lets it finish and answers how many rows it has added. */
async function startWriter(path: string, mode: string): Promise<{ end: () => Promise<number> }> {
  const writer = spawn(process.execPath, [WRITER, path, mode], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    writer.kill('SIGKILL');
  });
  let said = '';
  writer.stdout.on('data', (text) => {
    said += text;
  });
  await Promise.race([once(writer.stdout, 'data'), once(writer, 'exit')]);
  return {
    end: async () => {
      writer.stdin.end();
      const [code] = await once(writer, 'exit');
      expect(code).toBe(0);
      return Number(said.trim().split('\n').at(-1));
    },
  };
}

/** What the ten providers that are being changed show; more than one value is a torn reading. */
async function roundsSeen(host: TestHost, providers: number): Promise<string[]> {
  const { candidates, unread } = await findCandidates(host);
  // On a machine without a moment of rest that is an honest answer; a torn reading never is one.
  if (unread?.includes('being written all the time')) return roundsSeen(host, providers);
  expect(unread).toBeUndefined();
  const found = candidates.filter(({ profile }) => profile.source === 'cc-switch');
  expect(found).toHaveLength(providers);
  const written = found
    .slice(0, 10)
    .flatMap(({ profile, known }) => [
      profile.name,
      String(known.env.ANTHROPIC_AUTH_TOKEN).replace('token-', ''),
    ]);
  return [...new Set(written)];
}

describe('500 providers beside 120 MB of usage rows', () => {
  it('are listed and resolved without a trace, and only what is needed is copied', async () => {
    const host = testHost();
    const path = installBigDatabase(host, 500, 120);
    expect(statSync(path).size).toBeGreaterThan(120e6);
    const before = factsOf(host.appDir);
    const { profiles, warnings } = await listProfiles(host);
    expect(warnings).toEqual([]);
    expect(profiles.filter(({ usable }) => usable)).toHaveLength(500);
    for (const id of ['cc-switch:p0', 'cc-switch:p250', 'cc-switch:p499']) {
      const { env } = await resolveCredentials({ id }, host);
      expect(env.ANTHROPIC_AUTH_TOKEN).toBe(`token-of-${id.split(':')[1]}-123`);
    }
    const copied = await withPrivateCopy(path, TABLES, host.tmp, (copy) => statSync(copy).blocks);
    expect(copied * 512).toBeLessThan(5e6);
    expect(factsOf(host.appDir)).toEqual(before);
  });

  it.each(['DELETE', 'WAL'])(
    'are read whole while another process writes all the time (%s)',
    async (mode) => {
      const host = testHost();
      const path = installBigDatabase(host, 500, 120);
      const writer = await startWriter(path, mode);
      const seen = new Set<string>();
      const until = performance.now() + HAMMERED_MS;
      while (performance.now() < until || seen.size < 3) {
        const rounds = await roundsSeen(host, 500);
        expect(rounds).toEqual([expect.stringMatching(/^round-\d+$/)]);
        seen.add(String(rounds));
      }
      const added = await writer.end();
      expectWhole(path, added);
      // It leaves its own files behind at most, and nobody else did.
      const own = ['cc-switch.db', 'cc-switch.db-shm', 'cc-switch.db-wal'];
      expect(readdirSync(host.appDir).filter((name) => !own.includes(name))).toEqual([]);
      expect(readdirSync(host.tmp)).toEqual([]);
    },
  );
});

/** Nothing that was written is lost or damaged. */
function expectWhole(path: string, added: number): void {
  const database = new Database(path);
  const first = (sql: string) => Object.values(Object(database.prepare(sql).all()[0]))[0];
  expect(first('PRAGMA integrity_check')).toBe('ok');
  expect(first("SELECT count(*) FROM proxy_request_logs WHERE model = 'written'")).toBe(added);
  database.close();
}

describe('a database in any journal mode', () => {
  it.each(['TRUNCATE', 'PERSIST', 'DELETE', 'WAL'])(
    'is read whole while it is written (%s)',
    async (mode) => {
      const host = testHost();
      const rows = Array.from({ length: 12 }, (_, index) => direct(`p${index}`));
      const path = installProviders(host, rows);
      const writer = await startWriter(path, mode);
      const seen = new Set<string>();
      for (let reading = 0; reading < 30 || seen.size < 3; reading += 1) {
        const rounds = await roundsSeen(host, 12);
        expect(rounds).toHaveLength(1);
        seen.add(String(rounds));
      }
      expectWhole(path, await writer.end());
    },
  );

  it('that gives no moment of rest is said to be busy', async () => {
    const host = testHost();
    const path = installProviders(host, [direct('a')]);
    let disturbed = 0;
    const reading = undisturbed(path, () => {
      disturbed += 1;
      writeFileSync(`${path}-journal`, String(disturbed));
    });
    await expect(reading).rejects.toMatchObject({ code: 'BUSY', retryable: true });
  });

  it('that cannot be read is a reason to try again, not to say that a profile is gone', async () => {
    const host = testHost();
    const path = installProviders(host, [direct('a')]);
    await resolveCredentials({ id: 'cc-switch:a' }, host);
    writeFileSync(path, 'SQLite format 3\0 and then nothing of the kind');
    await expect(resolveCredentials({ id: 'cc-switch:a' }, host)).rejects.toMatchObject({
      code: 'PROFILE_UNUSABLE',
      retryable: true,
      message: expect.stringContaining('could not be read'),
    });
  });

  it.each(['DELETE', 'WAL', 'TRUNCATE', 'PERSIST'])(
    'is seen as it was committed last before the call, however close together (%s)',
    async (mode) => {
      const host = testHost();
      const path = installProviders(host, [direct('a'), direct('b')]);
      const writer = new Database(path);
      writer.prepare(`PRAGMA journal_mode = ${mode}`).all();
      writer.exec('PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 3');
      for (let round = 0; round < 30; round += 1) {
        const token = `token-${round}`;
        writer.exec(
          `UPDATE providers SET settings_config = json_set(settings_config, '$.env.ANTHROPIC_AUTH_TOKEN', '${token}') WHERE id = 'a'`,
        );
        // Twice, so that one of them may come from what is remembered.
        for (const _ of [1, 2]) {
          const { env } = await resolveCredentials({ id: 'cc-switch:a' }, host);
          expect(env.ANTHROPIC_AUTH_TOKEN).toBe(token);
        }
      }
      writer.exec("DELETE FROM providers WHERE id = 'a'");
      await expect(resolveCredentials({ id: 'cc-switch:a' }, host)).rejects.toThrow('any more');
      writer.close();
    },
  );
});
