import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { printOf } from './walk.ts';

/** The content of a listed file, if it is the very file that a snapshot saw, and untouched since. */
export function readAsSeen(
  root: string,
  path: string,
  print: string | undefined,
  { most, maxFileBytes }: { most: number; maxFileBytes: number },
): Buffer | 'large' | 'too_much' | 'not_kept' {
  let fd: number | undefined;
  try {
    // Whatever has taken its place must neither be followed nor waited for.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    fd = openSync(join(root, path), flags);
    const stats = fstatSync(fd, { bigint: true });
    if (stats.isFile() && stats.size > maxFileBytes) return 'large';
    if (!stats.isFile() || printOf(stats) !== print) return 'not_kept';
    return stats.size > most ? 'too_much' : readFileSync(fd);
  } catch {
    return 'not_kept';
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
