import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../src/core/errors.ts';

const SIZE = '16m';
const BLOCK = Buffer.alloc(16 << 10, 'x');

/** Why no small disk can be made here; undefined where one can. */
export function whyNoSmallDisk(): string | undefined {
  if (process.platform !== 'linux') return 'it needs tmpfs, which only Linux has';
  if (process.getuid?.() !== 0) return 'it needs root, to mount a small disk';
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'this container may not mount';
  }
}

/** A tmpfs of a few megabytes that can be filled to the last byte and emptied again. */
export class SmallDisk {
  readonly #at: string;

  constructor(at: string) {
    this.#at = at;
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=0755`, 'tmpfs', at]);
  }

  fill(): void {
    const fd = openSync(join(this.#at, '.filler'), 'w');
    try {
      for (let block = BLOCK; block.length > 0; ) {
        try {
          writeSync(fd, block);
        } catch (error) {
          if (errnoOf(error) !== 'ENOSPC') throw error;
          block = block.subarray(0, block.length >> 1);
        }
      }
    } finally {
      closeSync(fd);
    }
  }

  free(): void {
    rmSync(join(this.#at, '.filler'), { force: true });
  }

  close(): void {
    execFileSync('umount', ['-l', this.#at]);
  }
}
