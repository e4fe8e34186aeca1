import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { randomBase32 } from '../core/ids.ts';
import { PRIVATE_FILE, syncDirectory } from './atomic.ts';
import { endOfLastLine } from './lines.ts';
import { type NdjsonHeader, readNdjsonHeader } from './ndjson-header.ts';
import { requireWritableVersion, SCHEMA_VERSION } from './versions.ts';

/**
 * The only writer of one NDJSON file. Opening it cuts off a torn last line, which only a crash in
 * the middle of a write can leave. A failed write is undone, so the file always ends in a newline.
 */
export class NdjsonAppender {
  readonly header: NdjsonHeader;
  readonly #fd: number;
  #size: number;
  #torn = false;
  #isListed = false;

  private constructor(fd: number, header: NdjsonHeader, size: number) {
    this.#fd = fd;
    this.header = header;
    this.#size = size;
  }

  static open(path: string, kind: string, created: string): NdjsonAppender {
    const fd = openSync(path, 'a+', PRIVATE_FILE);
    try {
      const head = readNdjsonHeader(fd, path);
      // Before anything is cut: what somebody else or a newer version wrote is not ours to repair.
      if (head !== undefined) requireWritableVersion(head.header, path);
      const size = cutTornTail(fd);
      if (head !== undefined) return new NdjsonAppender(fd, head.header, size);
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
    if (this.#torn) this.#undo();
    try {
      for (let written = 0; written < data.length; ) {
        written += writeSync(this.#fd, data, written);
      }
    } catch (error) {
      this.#torn = true;
      try {
        this.#undo();
      } catch {
        // The first error is the one to tell; the next append begins by undoing again.
      }
      throw error;
    }
    this.#size += data.length;
  }

  #undo(): void {
    ftruncateSync(this.#fd, this.#size);
    this.#torn = false;
  }

  /** Makes everything appended so far survive a power cut. */
  sync(path: string): void {
    fsyncSync(this.#fd);
    // That the file is there at all need be made sure of once.
    if (!this.#isListed) syncDirectory(dirname(path));
    this.#isListed = true;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Truncates behind the last newline; returns the remaining size. */
function cutTornTail(fd: number): number {
  const keep = endOfLastLine(fd);
  if (keep < fstatSync(fd).size) ftruncateSync(fd, keep);
  return keep;
}
