import { sleep } from '../../core/clock.ts';
import { CcError } from '../../core/errors.ts';
import { type FileState, fileState, firstBytes } from '../file-state.ts';

/** A writer that never rests lets most of them succeed; a machine under load may take seconds. */
const ATTEMPTS = 200;
const PAUSE_MS = 5;
const WRITE_VERSION = 18;
/** The write version of a database that keeps a log (WAL) instead of a journal. */
const LOGGED = 2;

// What transactions change: the change counter of the database, the nonce of the journal, the salts of
// the log. By file times alone a second write within one of their steps would be missed.
const FILE_HEADER = 100;
const HEADERS = [
  ['', FILE_HEADER],
  ['-journal', 28],
  ['-wal', 32],
] as const;

/** What a database and the files beside it are at one moment; equal text means unchanged content. */
export function databaseState(database: string): FileState {
  const files = HEADERS.map(([part]) => fileState(database + part));
  return {
    identity: [...files.map(({ identity }) => identity), headers(database)].join(' | '),
    changed: Math.max(...files.map(({ changed }) => changed)),
  };
}

/** Repeats a piece of reading until nothing happened meanwhile that could have torn it. */
export async function undisturbed<T>(database: string, read: () => T): Promise<T> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = marks(database);
    const value = read();
    if (marks(database) === before) return value;
    await sleep(PAUSE_MS * Math.random());
  }
  throw new CcError('BUSY', 'The database is being written all the time.', { retryable: true });
}

/**
 * What must be the same before and after.
 *
 * With a log, the file may change: only what is in the log already is written there, and frames that
 * are appended do no harm, because SQLite takes what is complete. Only a log that begins anew does.
 * With a journal, every change of the file counts.
 */
function marks(database: string): string {
  const { identity } = fileState(database);
  const header = firstBytes(database, FILE_HEADER);
  if (header?.[WRITE_VERSION] !== LOGGED) return `${identity} ${headers(database)}`;
  const [device, inode] = identity.split(' ');
  const format = header.toString('hex', 0, WRITE_VERSION + 1);
  return [device, inode, format, ...HEADERS.slice(1).map((file) => headOf(database, file))].join();
}

function headers(database: string): string {
  return HEADERS.map((file) => headOf(database, file)).join(' ');
}

function headOf(database: string, [part, bytes]: (typeof HEADERS)[number]): string {
  return firstBytes(database + part, bytes)?.toString('base64') ?? '-';
}
