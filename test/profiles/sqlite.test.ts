import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadSqlite } from '../../src/profiles/ccswitch/sqlite.ts';
import { listProfiles } from '../../src/profiles/list.ts';
import { testHost } from './host.ts';
import { install, installProviders } from './providers.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.doUnmock('libsql');
});

describe('SQLite', () => {
  it('of the runtime is preferred, and loads without a warning', async () => {
    const opened: string[] = [];
    class DatabaseSync {
      constructor(path: string) {
        opened.push(path);
      }
      prepare = () => ({ all: () => [{ n: 1 }, null] });
      close = () => opened.push('closed');
    }
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const original = process.emitWarning;
    Object.assign(process, { getBuiltinModule: process.getBuiltinModule });
    vi.spyOn(process, 'getBuiltinModule').mockImplementation(() => {
      process.emitWarning('experimental');
      return { DatabaseSync };
    });
    const open = await loadSqlite();
    expect(open?.('some/path', (query) => query('SELECT 1'))).toEqual([{ n: 1 }]);
    expect(opened).toEqual(['some/path', 'closed']);
    expect(warned).not.toHaveBeenCalled();
    expect(process.emitWarning).toBe(original);
  });

  it('closes after a failure', async () => {
    const host = testHost();
    const path = installProviders(host, []);
    const open = await loadSqlite();
    expect(() => open?.(path, (query) => query('SELECT nonsense FROM nowhere'))).toThrow();
    expect(open?.(path, (query) => query('PRAGMA user_version'))).toEqual([{ user_version: 17 }]);
  });

  it('that is nowhere is a warning that says what to do', async () => {
    const host = testHost({
      CC_PROFILE_X_BASE_URL: 'https://x.example',
      CC_PROFILE_X_API_KEY: 'key-of-x',
    });
    install(host, 'cc-switch.db', 'cc-switch.db');
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
    vi.doMock('libsql', () => {
      throw new Error('not installed');
    });
    const { profiles, warnings } = await listProfiles(host);
    expect(profiles.map(({ id }) => id)).toEqual(['official', 'env:x']);
    expect(warnings).toEqual([expect.stringMatching(/Node 22\.13.*libsql/)]);
  });
});
