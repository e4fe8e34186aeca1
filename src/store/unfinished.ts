import { lstatSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { identityOf } from '../proc/identity.ts';
import { temporaryOf } from './atomic.ts';
import type { Leftover } from './leftovers.ts';

/** Nobody writes one file for so long, also not on another machine that shares the directory. */
const KEEP_MS = 24 * 3_600_000;

/**
 * New contents of files of ours that never came into their place, because the process that wrote them
 * was killed: in a directory and so many levels below, old, and of no process that lives. Links are not
 * followed.
 */
export async function findUnfinished(directory: string, levels: number): Promise<Leftover[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const found: Leftover[] = [];
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory() && levels > 0) found.push(...(await findUnfinished(path, levels - 1)));
    if (!entry.isFile()) continue;
    const pid = temporaryOf(entry.name)?.pid;
    if (pid === undefined) continue;
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined || Date.now() - stats.mtimeMs <= KEEP_MS) continue;
    if (identityOf(pid) === undefined) found.push({ path, bytes: stats.size });
  }
  return found;
}
