import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { digestOf } from '../core/ids.ts';
import { makePrivateDir, writeFileAtomic, writeJsonAtomic } from '../store/atomic.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import type { Host } from '../workspace/host.ts';
import type { Change } from './plan.ts';
import { setupPaths } from './receipt.ts';
import { digestOfBytes } from './target.ts';

/** A directory for what one call is about to change; it is made when there is something to copy. */
export function newBackups({ clock, home }: Host): string {
  const stamp = clock.now().toISOString().replace(/[-:.]/g, '').toLowerCase();
  return join(setupPaths(home).backups, stamp);
}

/** The copy of a file in a directory of backups; the name tells which file it was. */
export function backupOf(directory: string, path: string): string {
  return join(directory, `${digestOf(path).slice(0, 8)}-${basename(path)}`);
}

/** Copies everything that is about to change; tells where each copy is. Answers how many there are. */
export async function backUp(
  directory: string,
  time: string,
  changes: readonly Change[],
): Promise<number> {
  const files = [];
  for (const change of changes) {
    const { path, before } = change;
    // What was ours, word for word, needs no copy.
    if (before === undefined || (change.kind === 'file' && change.copyOf !== undefined)) continue;
    const copy = backupOf(directory, path);
    await makePrivateDir(directory);
    await writeFileAtomic(copy, before, { durable: true });
    const real = change.kind === 'file' ? change.real : path;
    const mode = (await stat(real)).mode & 0o777;
    files.push({ path, copy: basename(copy), sha256: digestOfBytes(before), mode });
  }
  if (files.length > 0) {
    await writeJsonAtomic(join(directory, 'manifest.json'), {
      schema_version: SCHEMA_VERSION,
      time,
      files,
    });
  }
  return files.length;
}
