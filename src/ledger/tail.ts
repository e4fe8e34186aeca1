import { fstatSync, ftruncateSync } from 'node:fs';
import { sha256 } from '../core/canonical.ts';
import { endOfLastLine } from '../store/lines.ts';
import { linesBack } from '../store/lines-back.ts';
import { type NdjsonHeader, readNdjsonHeader } from '../store/ndjson-header.ts';
import { type Head, type LedgerEntry, readEntryLine } from './entry.ts';

/** Entries looked at to find the head: more than all processes of a machine could fork at once. */
const LOOK_BACK = 64;

export type Tail = {
  header: NdjsonHeader;
  /** What the next entry follows. */
  head: Head;
  /** The last bytes are no complete line: a crash or a full disk cut it off. */
  torn: boolean;
};

/** The end of the ledger, or undefined where it has none yet. Costs the same however long it is. */
export function readTail(fd: number, path: string): Tail | undefined {
  const head = readNdjsonHeader(fd, path);
  if (head === undefined) return undefined;
  const end = endOfLastLine(fd);
  const entries = lastEntries(fd);
  // The line of a frozen process that woke up late stands behind others with the same number or a
  // higher one, so the first of the highest is the one the others went on from.
  const last = entries.reduce<LedgerEntry | undefined>(
    (best, entry) => (best === undefined || entry.seq >= best.seq ? entry : best),
    undefined,
  );
  return {
    header: head.header,
    head: last ?? { seq: 0, hash: headerHash(fd, head.end) },
    torn: fstatSync(fd).size > end,
  };
}

/** The latest entries, newest first. */
export function lastEntries(fd: number): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  for (const { bytes } of linesBack(fd)) {
    if (entries.length === LOOK_BACK) break;
    const line = readEntryLine(bytes.toString('utf8'));
    if (line.state === 'intact') entries.push(line.entry);
  }
  return entries;
}

function headerHash(fd: number, end: number): string {
  for (const { bytes } of linesBack(fd, end)) return headerDigest(bytes);
  return '';
}

/** What the first entry has for its `prev`. */
export function headerDigest(line: Uint8Array): string {
  return sha256(line);
}

/** The very first write was cut off: there is nothing to keep. */
export function dropUnbornHeader(fd: number): void {
  if (fstatSync(fd).size > 0) ftruncateSync(fd, 0);
}

/** Whether an entry is (still) there, searched from the end. */
export function isThere(fd: number, { seq, hash }: Head): boolean {
  for (const { bytes } of linesBack(fd)) {
    const line = readEntryLine(bytes.toString('utf8'));
    if (line.state !== 'intact') continue;
    if (line.entry.hash === hash) return true;
    // Lines that came late stand among higher numbers.
    if (line.entry.seq < seq - LOOK_BACK) return false;
  }
  return false;
}
