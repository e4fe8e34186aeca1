import { readFileSync } from 'node:fs';
import { ifThereSync } from '../../core/if-there.ts';

const WAL_HEADER = 32;
const FRAME_HEADER = 24;
const JOURNAL_MAGIC = Buffer.from('d9d505f920a163d7', 'hex');
const JOURNAL_RECORD_EXTRA = 8;
const UNKNOWN_COUNT = 0xffffffff;

/** The write-ahead log and the rollback journal beside a database, as they are at one moment. */
export type SideFiles = { wal: Buffer | undefined; journal: Buffer | undefined };

export function readSideFiles(database: string): SideFiles {
  return { wal: contentOf(`${database}-wal`), journal: contentOf(`${database}-journal`) };
}

/**
 * Every version of a page that stands beside the database. Which of them counts is for SQLite to
 * decide; here they only tell which other pages it may want to see.
 */
export function otherVersions(
  { wal, journal }: SideFiles,
  pageSize: number,
): Map<number, Buffer[]> {
  const versions = new Map<number, Buffer[]>();
  const add = (number: number, page: Buffer) => {
    const known = versions.get(number);
    if (known === undefined) versions.set(number, [page]);
    else known.push(page);
  };
  if (wal !== undefined) {
    for (const at of frames(wal, pageSize)) {
      const page = at + FRAME_HEADER;
      add(wal.readUInt32BE(at), wal.subarray(page, page + pageSize));
    }
  }
  if (journal !== undefined) {
    for (const at of records(journal, pageSize)) {
      add(journal.readUInt32BE(at), journal.subarray(at + 4, at + 4 + pageSize));
    }
  }
  return versions;
}

/** Offsets of the frames that belong to the present log; a log that began anew keeps older ones behind. */
function* frames(wal: Buffer, pageSize: number): Generator<number> {
  if (wal.length < WAL_HEADER) return;
  const salts = wal.subarray(16, 24);
  const size = FRAME_HEADER + pageSize;
  for (let at = WAL_HEADER; at + size <= wal.length; at += size) {
    if (!wal.subarray(at + 8, at + 16).equals(salts)) return;
    yield at;
  }
}

/** Offsets of the records of a journal, which may have several parts, each with a header of one sector. */
function* records(journal: Buffer, pageSize: number): Generator<number> {
  const size = pageSize + JOURNAL_RECORD_EXTRA;
  let header = 0;
  while (isJournalHeader(journal, header)) {
    const told = journal.readUInt32BE(header + 8);
    const sector = Math.max(512, journal.readUInt32BE(header + 20));
    const first = header + sector;
    const fitting = Math.max(0, Math.floor((journal.length - first) / size));
    // Not counted yet, or never: then everything that is there.
    const count = told === 0 || told === UNKNOWN_COUNT ? fitting : Math.min(told, fitting);
    for (let index = 0; index < count; index += 1) yield first + index * size;
    if (count === 0) return;
    header = Math.ceil((first + count * size) / sector) * sector;
  }
}

function isJournalHeader(journal: Buffer, at: number): boolean {
  return journal.length >= at + 28 && journal.subarray(at, at + 8).equals(JOURNAL_MAGIC);
}

function contentOf(path: string): Buffer | undefined {
  return ifThereSync(() => readFileSync(path));
}
