import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CcError, errnoOf } from '../core/errors.ts';
import { LineReader } from './lines.ts';

/** What a reader gets: the new records and where to go on. */
export type NdjsonPage = {
  records: unknown[];
  /** Opaque; pass it to the next read. Empty string: the file does not exist yet. */
  cursor: string;
  /** More complete lines are already there. */
  more: boolean;
  /** The cursor belonged to another file at this path, so this page starts at its beginning. */
  reset: boolean;
  /** Complete lines that were not JSON objects; they are skipped and counted, never fatal. */
  unreadable: number;
};

const CURSOR = /^([a-z2-7]{8})\.([0-9a-z]{1,10})$/;
const HEADER_BYTES = 1024;

/**
 * Reads what is new in an NDJSON file since a cursor, without locks and without touching it.
 * Cost is proportional to what is new: one header read, one positioned read. An unfinished last
 * line is left for the next call. The header line is not returned.
 */
export function readNdjson(
  path: string,
  cursor: string | undefined,
  limits: { maxBytes: number; maxRecords: number },
): NdjsonPage {
  const wanted = parseCursor(cursor);
  const head = readHead(path);
  if (head === undefined) {
    return { records: [], cursor: '', more: false, reset: false, unreadable: 0 };
  }
  const usable = wanted !== undefined && wanted.file === head.file && wanted.offset <= head.size;
  const start = usable ? Math.max(wanted.offset, head.end) : head.end;
  const reader = new LineReader(path, start);
  try {
    const records: unknown[] = [];
    let end = start;
    let unreadable = 0;
    let full = false;
    read: while (end - start < limits.maxBytes) {
      const lines = reader.read(Math.min(limits.maxBytes, 1 << 20));
      if (lines.length === 0 && reader.unfinishedBytes === 0) break;
      if (lines.length === 0 && reader.offset + reader.unfinishedBytes >= head.size) break;
      for (const line of lines) {
        if (records.length >= limits.maxRecords) {
          full = true;
          break read;
        }
        const record = line.bytes === undefined ? undefined : parseRecord(line.bytes);
        if (record === undefined) unreadable += 1;
        else records.push(record);
        end = line.end;
      }
    }
    return {
      records,
      cursor: formatCursor(head.file, end),
      more: full || (end < head.size && end - start >= limits.maxBytes),
      reset: wanted !== undefined && !usable,
      unreadable,
    };
  } finally {
    reader.close();
  }
}

/** The cursor behind everything that is in the file now. */
export function endCursor(path: string): string {
  const head = readHead(path);
  return head === undefined ? '' : formatCursor(head.file, head.size);
}

function parseCursor(cursor: string | undefined): { file: string; offset: number } | undefined {
  if (cursor === undefined || cursor === '') return undefined;
  const match = CURSOR.exec(cursor);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new CcError('BAD_INPUT', 'Not a cursor of cc-orchestrator.', {
      hint: 'Pass the cursor of the previous answer unchanged, or leave it out to start at the beginning.',
    });
  }
  return { file: match[1], offset: Number.parseInt(match[2], 36) };
}

function formatCursor(file: string, offset: number): string {
  return `${file}.${offset.toString(36)}`;
}

function readHead(path: string): { file: string; end: number; size: number } | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const block = Buffer.allocUnsafe(HEADER_BYTES);
    const count = readSync(fd, block, 0, HEADER_BYTES, 0);
    const newline = block.subarray(0, count).indexOf(0x0a);
    // The header is one write; without its newline the file is being created this very moment.
    if (newline === -1) return undefined;
    const header = parseRecord(block.subarray(0, newline));
    const file = header !== undefined && 'file' in header ? header.file : undefined;
    if (typeof file !== 'string') {
      throw new CcError('STORAGE_CORRUPT', `No header in ${path}`, {
        hint: 'The file was not written by cc-orchestrator. Move it away.',
      });
    }
    return { file, end: newline + 1, size: fstatSync(fd).size };
  } finally {
    closeSync(fd);
  }
}

function parseRecord(bytes: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
