/** Lines out of a stream of chunks, split at byte 0x0A; what follows the last one is never a line. */
export class LineSplitter {
  readonly #take: (line: Buffer) => void;
  #parts: Buffer[] = [];

  constructor(take: (line: Buffer) => void) {
    this.#take = take;
  }

  add(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const line = Buffer.concat([...this.#parts, chunk.subarray(start, end)]);
      this.#parts = [];
      start = end + 1;
      if (line.length > 0) this.#take(line);
    }
    // A copy: the chunk may be a window on a buffer that is used again.
    if (start < chunk.length) this.#parts.push(Buffer.from(chunk.subarray(start)));
  }
}
