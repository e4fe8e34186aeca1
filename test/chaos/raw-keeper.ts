import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../src/core/errors.ts';

/** One file a worker wrote its stdout to. An attempt has several where nobody journaled the first. */
export type RawStream = { attempt: number; lines: [start: number, end: number][] };

const STDOUT = /^stdout-(\d+)\.ndjson$/;
const LOOK_EVERY_MS = 15;

/**
 * Holds on to everything workers say, which the product removes when a run is over: by hard links,
 * so that nothing is copied and nobody notices.
 */
export class RawKeeper {
  readonly #from: string;
  readonly #to: string;
  readonly #kept: { attempt: number; inode: bigint; path: string }[] = [];
  readonly #timer: NodeJS.Timeout;

  /** `to` must lie on the same file system as `from`. */
  constructor(from: string, to: string) {
    this.#from = from;
    this.#to = to;
    mkdirSync(to, { recursive: true });
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  /** In the order in which they were created. */
  streams(): RawStream[] {
    return this.#kept.map(({ attempt, path }) => ({ attempt, lines: linesOf(path) }));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#look();
  }

  #look(): void {
    for (const name of existsSync(this.#from) ? readdirSync(this.#from) : []) {
      const attempt = Number(STDOUT.exec(name)?.[1]);
      if (!attempt) continue;
      try {
        const source = join(this.#from, name);
        const inode = statSync(source, { bigint: true }).ino;
        if (this.#kept.some((one) => one.inode === inode)) continue;
        const path = join(this.#to, `${attempt}-${inode}.ndjson`);
        linkSync(source, path);
        this.#kept.push({ attempt, inode, path });
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error; // removed between two looks at it
      }
    }
  }
}

/** The complete lines; what a killed worker had begun to say is none. */
function linesOf(path: string): [number, number][] {
  const bytes = readFileSync(path);
  const lines: [number, number][] = [];
  let start = 0;
  for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, start)) {
    lines.push([start, at + 1]);
    start = at + 1;
  }
  return lines;
}
