import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** One complete line, without its newline. `end` is the offset just behind the newline. */
export type Line = {
  /** The bytes, or undefined where the line was longer than the limit. */
  bytes: Buffer | undefined;
  start: number;
  end: number;
};

const CHUNK_BYTES = 1 << 20;

/**
 * Follows a growing file line by line, keeping its place between calls.
 *
 * Lines end at byte 0x0A and nowhere else: readline also splits at U+2028 on Node 24 and 26, which
 * tears JSON. A line is collected as a list of parts, so that one of 100 MB costs linear time, and
 * dropped (reported with `bytes: undefined`) when longer than `maxLineBytes`.
 */
export class LineReader {
  readonly #fd: number;
  readonly #maxLineBytes: number;
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #position: number;
  #lineStart: number;
  #parts: Buffer[] = [];
  #partBytes = 0;

  /** `file` is a path, or a descriptor that is closed with the reader. */
  constructor(file: string | number, offset = 0, maxLineBytes = 64 << 20) {
    this.#fd = typeof file === 'number' ? file : openSync(file, 'r');
    this.#position = offset;
    this.#lineStart = offset;
    this.#maxLineBytes = maxLineBytes;
  }

  /** Offset behind the last complete line handed out. */
  get offset(): number {
    return this.#lineStart;
  }

  /** Bytes of an unfinished last line seen so far. */
  get unfinishedBytes(): number {
    return this.#position - this.#lineStart;
  }

  /** True when the file is shorter than what was read: somebody cut it, or wrote it anew in place. */
  isReplaced(): boolean {
    return fstatSync(this.#fd).size < this.#position;
  }

  /**
   * The next complete lines, reading about `maxBytes`, and as much more as the first of them needs:
   * empty means that no complete line is there, never that one was too long for this call.
   */
  read(maxBytes = 8 << 20): Line[] {
    const lines: Line[] = [];
    let budget = maxBytes;
    while (budget > 0 || lines.length === 0) {
      const wanted = budget > 0 ? Math.min(budget, CHUNK_BYTES) : CHUNK_BYTES;
      const count = readSync(this.#fd, this.#chunk, 0, wanted, this.#position);
      if (count === 0) break;
      budget -= count;
      this.#take(this.#chunk.subarray(0, count), lines);
    }
    return lines;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #take(data: Buffer, lines: Line[]): void {
    let from = 0;
    for (let at = data.indexOf(0x0a); at !== -1; at = data.indexOf(0x0a, from)) {
      this.#keep(data.subarray(from, at));
      const end = this.#position + at + 1;
      const tooLong = end - 1 - this.#lineStart > this.#maxLineBytes;
      lines.push({
        bytes: tooLong ? undefined : Buffer.concat(this.#parts, this.#partBytes),
        start: this.#lineStart,
        end,
      });
      this.#parts = [];
      this.#partBytes = 0;
      this.#lineStart = end;
      from = at + 1;
    }
    if (from < data.length) this.#keep(data.subarray(from));
    this.#position += data.length;
  }

  #keep(part: Buffer): void {
    if (this.#partBytes + part.length > this.#maxLineBytes) {
      this.#parts = [];
      this.#partBytes = 0;
      return;
    }
    // The chunk buffer is reused, so what outlives this call must be copied.
    this.#parts.push(Buffer.from(part));
    this.#partBytes += part.length;
  }
}

const TAIL_BLOCK = 64 << 10;

/** Offset behind the last newline of a file: everything after it is a line that is not finished. */
export function endOfLastLine(fd: number): number {
  const block = Buffer.allocUnsafe(TAIL_BLOCK);
  for (let end = fstatSync(fd).size; end > 0; ) {
    const start = Math.max(0, end - TAIL_BLOCK);
    const count = readSync(fd, block, 0, end - start, start);
    const newline = block.subarray(0, count).lastIndexOf(0x0a);
    if (newline !== -1) return start + newline + 1;
    end = start;
  }
  return 0;
}
