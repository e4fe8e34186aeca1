import { closeSync, openSync, readSync } from 'node:fs';
import { CcError } from '../core/errors.ts';
import { ifThereSync } from '../core/if-there.ts';
import { isObject, type JsonObject, parseJson } from '../core/json.ts';
import { endOfLastLine, LineReader } from './lines.ts';
import { readNdjsonHeader } from './ndjson-header.ts';

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

/**
 * Reads what is new in an NDJSON file since a cursor, without locks and without touching it.
 * Cost is proportional to what is new: one header read, one positioned read. An unfinished last
 * line is left for the next call. The header line is not returned. A page holds at most `maxBytes`,
 * but always its first line, so that a long one does not stop the reader for ever.
 */
export function readNdjson(
  path: string,
  cursor: string | undefined,
  limits: { maxBytes: number; maxRecords: number },
): NdjsonPage {
  const wanted = parseCursor(cursor);
  const opened = openNdjson(path);
  if (opened === undefined) {
    return { records: [], cursor: '', more: false, reset: wanted !== undefined, unreadable: 0 };
  }
  const { fd, file, first } = opened;
  const usable = wanted !== undefined && wanted.file === file && isLineStart(fd, wanted.offset);
  const start = usable ? Math.max(wanted.offset, first) : first;
  const reader = new LineReader(fd, start);
  try {
    const records: unknown[] = [];
    let end = start;
    let unreadable = 0;
    let more = false;
    page: for (;;) {
      const lines = reader.read(limits.maxBytes);
      if (lines.length === 0) break;
      for (const line of lines) {
        const tooMuch = end > start && line.end - start > limits.maxBytes;
        more = tooMuch || records.length >= limits.maxRecords;
        if (more) break page;
        const record = line.bytes === undefined ? undefined : parseRecord(line.bytes);
        if (record === undefined) unreadable += 1;
        else records.push(record);
        end = line.end;
      }
    }
    return {
      records,
      cursor: formatCursor(file, end),
      more,
      reset: wanted !== undefined && !usable,
      unreadable,
    };
  } finally {
    reader.close();
  }
}

/** The cursor behind the last complete line that is in the file now. */
export function endCursor(path: string): string {
  const opened = openNdjson(path);
  if (opened === undefined) return '';
  try {
    return formatCursor(opened.file, endOfLastLine(opened.fd));
  } finally {
    closeSync(opened.fd);
  }
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

/** A descriptor, so that header and lines are of the same file even if it is replaced meanwhile. */
function openNdjson(path: string): { fd: number; file: string; first: number } | undefined {
  const fd = ifThereSync(() => openSync(path, 'r'));
  if (fd === undefined) return undefined;
  let head: ReturnType<typeof readNdjsonHeader>;
  try {
    head = readNdjsonHeader(fd, path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  if (head !== undefined) return { fd, file: head.header.file, first: head.end };
  closeSync(fd);
  return undefined;
}

/** After a power cut a file can have lost its tail and grown again beyond an old cursor. */
function isLineStart(fd: number, offset: number): boolean {
  const byte = Buffer.alloc(1);
  return offset > 0 && readSync(fd, byte, 0, 1, offset - 1) === 1 && byte[0] === 0x0a;
}

function parseRecord(bytes: Buffer): JsonObject | undefined {
  const value = parseJson(bytes.toString('utf8'));
  return isObject(value) ? value : undefined;
}
