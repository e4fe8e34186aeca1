import { lstatSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { treeBytes } from './size.ts';

/** Something in a directory for things that nobody needs for long. */
export type Leftover = { path: string; bytes: number };

/** Entries of a directory that have not changed for so long, or that `always` says are of no use. */
export async function findLeftovers(
  directory: string,
  olderThanMs: number,
  always: (name: string) => boolean = () => false,
): Promise<Leftover[]> {
  const names = await readdir(directory).catch(() => []);
  return names.flatMap((name) => {
    const path = join(directory, name);
    const entry = lstatSync(path, { throwIfNoEntry: false });
    if (entry === undefined) return [];
    if (!always(name) && Date.now() - entry.mtimeMs <= olderThanMs) return [];
    return [{ path, bytes: entry.isDirectory() ? treeBytes(path) : entry.size }];
  });
}

/** Removes them; what cannot be removed stays for the next time. Answers those that are gone. */
export async function removeLeftovers(found: readonly Leftover[]): Promise<Leftover[]> {
  const gone: Leftover[] = [];
  for (const leftover of found) {
    try {
      await rm(leftover.path, { recursive: true, force: true });
      gone.push(leftover);
    } catch {
      // Not ours any more, or busy.
    }
  }
  return gone;
}
