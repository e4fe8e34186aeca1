import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/** A directory at that place, whatever was in its way. */
export function clear(root: string, directory: string): void {
  if (directory === root) return;
  clear(root, dirname(directory));
  const there = lstatSync(directory, { throwIfNoEntry: false });
  if (there !== undefined && !there.isDirectory()) rmSync(directory);
  if (lstatSync(directory, { throwIfNoEntry: false }) === undefined) mkdirSync(directory);
}
