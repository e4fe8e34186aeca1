import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fillDisk } from '../support/fill-disk.ts';

const SIZE = '16m';

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
    fillDisk(join(this.#at, '.filler'));
  }

  free(): void {
    rmSync(join(this.#at, '.filler'), { force: true });
  }

  close(): void {
    execFileSync('umount', ['-l', this.#at]);
  }
}
