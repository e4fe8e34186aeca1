import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Removes directories of ours that a process left behind when it was killed in the middle: those below
 * `parent` whose name begins with `prefix` and that nobody can be using any more.
 */
export async function removeAbandoned(
  parent: string,
  prefix: string,
  olderThanMs: number,
): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((item) => item.startsWith(prefix))) {
    const path = join(parent, name);
    const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (age > olderThanMs) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}
