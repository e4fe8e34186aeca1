import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  ftruncateSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CcError } from '../../core/errors.ts';
import { removeAbandoned } from '../../store/abandoned.ts';
import { undisturbed } from './database-state.ts';
import { type Excerpt, readExcerpt } from './excerpt.ts';
import { readSideFiles, type SideFiles } from './side-files.ts';

const PREFIX = 'cc-orchestrator-copy-';
const MAX_WHOLE_BYTES = 2 ** 30;
const ABANDONED_MS = 10 * 60_000;
// SQLite must be able to write to it, nobody else to read it.
const PRIVATE_FILE = 0o600;

/**
 * Runs `use` on a private copy of some tables of a database that another program may be writing, and
 * removes the copy. The original is neither opened by SQLite nor locked: a lock would stall its owner,
 * and a read-only open can still checkpoint a log or roll a journal back.
 */
export async function withPrivateCopy<T>(
  database: string,
  tables: ReadonlySet<string>,
  tmp: string | undefined,
  use: (copy: string) => T,
): Promise<T> {
  const parent = tmp ?? tmpdir();
  // Copies of a process that was killed in the middle hold tokens and must not stay.
  await removeAbandoned(parent, PREFIX, ABANDONED_MS);
  const directory = await mkdtemp(join(parent, PREFIX));
  const copy = join(directory, 'copy.db');
  try {
    if (await undisturbed(database, () => copyTables(database, tables, copy))) {
      try {
        return use(copy);
      } catch {
        // Not what it seemed; SQLite may find in the whole what it missed in the part.
      }
    }
    await undisturbed(database, () => copyWhole(database, copy));
    return use(copy);
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** False when the file is not understood. */
function copyTables(database: string, tables: ReadonlySet<string>, copy: string): boolean {
  const excerpt = readExcerpt(database, tables);
  if (excerpt === undefined) return false;
  writePages(excerpt, statSync(database).size, copy);
  writeSideFiles(excerpt.side, copy);
  return true;
}

/** A file of the same size that holds nothing where the other pages are. */
function writePages({ pages, pageSize }: Excerpt, size: number, copy: string): void {
  const file = openSync(copy, 'w', PRIVATE_FILE);
  try {
    ftruncateSync(file, size);
    for (const [first, bytes] of runs(pages)) {
      writeSync(file, bytes, 0, bytes.length, (first - 1) * pageSize);
    }
  } finally {
    closeSync(file);
  }
}

/** Neighbouring pages as one, so that they are written at once. */
function* runs(pages: ReadonlyMap<number, Buffer>): Generator<[first: number, bytes: Buffer]> {
  const numbers = [...pages.keys()].sort((a, b) => a - b);
  let run: number[] = [];
  const joined = () => Buffer.concat(run.flatMap((number) => pages.get(number) ?? []));
  for (const number of numbers) {
    if (run.length > 0 && number !== (run.at(-1) ?? 0) + 1) {
      yield [run[0] ?? 1, joined()];
      run = [];
    }
    run.push(number);
  }
  if (run.length > 0) yield [run[0] ?? 1, joined()];
}

function copyWhole(database: string, copy: string): void {
  if (statSync(database).size > MAX_WHOLE_BYTES) {
    throw new CcError(
      'LIMIT_REACHED',
      'The database is over 1 GiB and of a kind that is not known.',
    );
  }
  copyFileSync(database, copy, constants.COPYFILE_FICLONE);
  chmodSync(copy, PRIVATE_FILE);
  writeSideFiles(readSideFiles(database), copy);
}

/** The -shm is only an index of the log and is rebuilt; copying it could only bring in a stale one. */
function writeSideFiles({ wal, journal }: SideFiles, copy: string): void {
  rmSync(`${copy}-shm`, { force: true });
  for (const [path, content] of [
    [`${copy}-wal`, wal],
    [`${copy}-journal`, journal],
  ] as const) {
    rmSync(path, { force: true });
    if (content !== undefined) writeFileSync(path, content, { mode: PRIVATE_FILE });
  }
}
