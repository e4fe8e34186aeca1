import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { errnoOf } from '../core/errors.ts';

/** What a file is at one moment; equal text means unchanged content. `changed` is in ms. */
export type FileState = { identity: string; changed: number };

// File times move in steps of up to 10 ms: a second write within one step is invisible. So what was
// written just now is not remembered by its identity.
const SETTLE_MS = 20;

/** Never fails: that a file is absent or closed to us is a state, too. */
export function fileState(path: string): FileState {
  try {
    const facts = statSync(path, { bigint: true });
    const { dev, ino, size, mode, mtimeNs, ctimeNs, mtimeMs } = facts;
    return {
      identity: [dev, ino, size, mode, mtimeNs, ctimeNs].join(' '),
      changed: Number(mtimeMs),
    };
  } catch (error) {
    return { identity: errnoOf(error) ?? 'unknown', changed: 0 };
  }
}

/** Whether every change after `now` shows in the identity of a file that changed last at `changed`. */
export function isSettled(changed: number, now: number): boolean {
  return Math.abs(now - changed) > SETTLE_MS;
}

/** The content of a small file, or undefined when it cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The first bytes of a file, fewer where it is shorter; undefined where it is not there. */
export function firstBytes(path: string, count: number): Buffer | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const bytes = Buffer.alloc(count);
    return bytes.subarray(0, readSync(file, bytes, 0, count, 0));
  } finally {
    closeSync(file);
  }
}
