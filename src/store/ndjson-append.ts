import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { randomBase32 } from '../core/ids.ts';
import { PRIVATE_FILE, syncDirectory } from './atomic.ts';
import { requireWritableVersion, SCHEMA_VERSION } from './versions.ts';

/** First line of every NDJSON file. `file` tells one file from a later one at the same path. */
export type NdjsonHeader = {
  schema_version: number;
  kind: string;
  file: string;
  created: string;
};

const TAIL_BLOCK = 64 << 10;

/**
 * The only writer of one NDJSON file. Opening it cuts off a torn last line, which only a crash in
 * the middle of a write can leave. A failed write is undone, so the file always ends in a newline.
 */
export class NdjsonAppender {
  readonly header: NdjsonHeader;
  readonly #fd: number;
  #size: number;

  private constructor(fd: number, header: NdjsonHeader, size: number) {
    this.#fd = fd;
    this.header = header;
    this.#size = size;
  }

  static open(path: string, kind: string, created: string): NdjsonAppender {
    const fd = openSync(path, 'a+', PRIVATE_FILE);
    try {
      const size = cutTornTail(fd);
      if (size > 0) {
        const header = readHeader(fd);
        requireWritableVersion(header, path);
        return new NdjsonAppender(fd, header, size);
      }
      const header = {
        schema_version: SCHEMA_VERSION,
        kind,
        file: randomBase32(8),
        created,
      };
      const appender = new NdjsonAppender(fd, header, 0);
      appender.append([header]);
      return appender;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Bytes in the file. */
  get size(): number {
    return this.#size;
  }

  /** Appends all records or none. Throws what the file system says (ENOSPC, EFBIG, …). */
  append(records: readonly object[]): void {
    if (records.length === 0) return;
    const data = Buffer.from(`${records.map((record) => JSON.stringify(record)).join('\n')}\n`);
    try {
      for (let written = 0; written < data.length; ) {
        written += writeSync(this.#fd, data, written);
      }
    } catch (error) {
      ftruncateSync(this.#fd, this.#size);
      throw error;
    }
    this.#size += data.length;
  }

  /** Makes everything appended so far survive a power cut. */
  sync(path: string): void {
    fsyncSync(this.#fd);
    syncDirectory(dirname(path));
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Truncates behind the last newline; returns the remaining size. */
function cutTornTail(fd: number): number {
  const size = fstatSync(fd).size;
  const block = Buffer.allocUnsafe(TAIL_BLOCK);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - TAIL_BLOCK);
    const count = readSync(fd, block, 0, end - start, start);
    const newline = block.subarray(0, count).lastIndexOf(0x0a);
    if (newline !== -1) {
      const keep = start + newline + 1;
      if (keep < size) ftruncateSync(fd, keep);
      return keep;
    }
    end = start;
  }
  if (size > 0) ftruncateSync(fd, 0);
  return 0;
}

function readHeader(fd: number): NdjsonHeader {
  const block = Buffer.allocUnsafe(1024);
  const count = readSync(fd, block, 0, block.length, 0);
  const line = block.subarray(0, count).toString('utf8').split('\n', 1)[0] ?? '';
  return JSON.parse(line) as NdjsonHeader;
}
