import { readSync } from 'node:fs';
import { endOfLastLine } from './lines.ts';

const BLOCK_BYTES = 64 << 10;

/** One complete line, without its newline, and where it begins and ends (behind the newline). */
export type LineBack = { bytes: Buffer; start: number; end: number };

/**
 * The complete lines of a file from the last to the first, or from the line that ends at `end`. Costs
 * what is asked for, not what the file holds. An unfinished last line is passed over.
 */
export function* linesBack(fd: number, end = endOfLastLine(fd)): Generator<LineBack> {
  let position = Math.max(0, end - 1);
  let lineEnd = end;
  // What of the present line has been read so far, last block first.
  let parts: Buffer[] = [];
  while (lineEnd > 0) {
    const start = Math.max(0, position - BLOCK_BYTES);
    const block = Buffer.allocUnsafe(position - start);
    readSync(fd, block, 0, block.length, start);
    let to = block.length;
    for (let at = block.lastIndexOf(0x0a); at !== -1; at = before(block, at)) {
      const begin = start + at + 1;
      yield {
        bytes: Buffer.concat([block.subarray(at + 1, to), ...parts]),
        start: begin,
        end: lineEnd,
      };
      parts = [];
      lineEnd = begin;
      to = at;
    }
    parts = [block.subarray(0, to), ...parts];
    position = start;
    if (start > 0) continue;
    yield { bytes: Buffer.concat(parts), start: 0, end: lineEnd };
    return;
  }
}

function before(block: Buffer, at: number): number {
  return at === 0 ? -1 : block.lastIndexOf(0x0a, at - 1);
}
