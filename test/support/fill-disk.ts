import { closeSync, openSync, writeSync } from 'node:fs';
import { errnoOf } from '../../src/core/errors.ts';

const BLOCK = Buffer.alloc(16 << 10, 'x');

/** Fills the disk on which `path` is made to its last byte; removing the file empties it again. */
export function fillDisk(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (let block = BLOCK; block.length > 0; ) {
      try {
        writeSync(file, block);
      } catch (error) {
        if (errnoOf(error) !== 'ENOSPC') throw error;
        block = block.subarray(0, block.length >> 1);
      }
    }
  } finally {
    closeSync(file);
  }
}
