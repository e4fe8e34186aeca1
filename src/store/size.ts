import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Bytes of all files below a directory, links not followed; 0 where there is none. Synchronous: the
 * trees it is for are small, and a promise per file costs five times as much.
 */
export function treeBytes(path: string): number {
  let bytes = 0;
  const open = [path];
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    for (const entry of entriesOf(directory)) {
      const child = join(directory, entry.name);
      if (entry.isDirectory()) open.push(child);
      else bytes += lstatSync(child, { throwIfNoEntry: false })?.size ?? 0;
    }
  }
  return bytes;
}

/** What cannot be listed (gone meanwhile, or not ours) counts as nothing. */
function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}
