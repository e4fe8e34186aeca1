/** The first and the last of what a command says, however much it is: the summary stands at the end. */
export class BoundedOutput {
  readonly #head: Buffer[] = [];
  #tail: Buffer[] = [];
  #headBytes = 0;
  #tailBytes = 0;
  #bytes = 0;

  readonly #headLimit: number;
  readonly #tailLimit: number;

  constructor(headLimit = 64 << 10, tailLimit = 448 << 10) {
    this.#headLimit = headLimit;
    this.#tailLimit = tailLimit;
  }

  add(chunk: Buffer): void {
    this.#bytes += chunk.length;
    const room = this.#headLimit - this.#headBytes;
    if (room > 0) {
      const part = chunk.subarray(0, room);
      this.#head.push(part);
      this.#headBytes += part.length;
    }
    if (chunk.length <= room) return;
    const rest = chunk.subarray(Math.max(0, room));
    this.#tail.push(rest);
    this.#tailBytes += rest.length;
    if (this.#tailBytes > 2 * this.#tailLimit) this.#trim();
  }

  get truncated(): boolean {
    return this.#bytes > this.#headLimit + this.#tailLimit;
  }

  text(): string {
    this.#trim();
    const omitted = this.#bytes - this.#headBytes - this.#tailBytes;
    const gap = omitted === 0 ? '' : `\n[… ${omitted} bytes left out …]\n`;
    const [head, tail] = [Buffer.concat(this.#head), Buffer.concat(this.#tail)];
    if (omitted === 0) return Buffer.concat([head, tail]).toString('utf8');
    return head.toString('utf8') + gap + tail.toString('utf8');
  }

  #trim(): void {
    if (this.#tailBytes <= this.#tailLimit) return;
    const tail = Buffer.concat(this.#tail).subarray(-this.#tailLimit);
    this.#tail = [Buffer.from(tail)];
    this.#tailBytes = tail.length;
  }
}
