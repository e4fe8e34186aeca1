import { closeSync, openSync } from 'node:fs';
import type { ProcessIdentity } from '../proc/identity.ts';
import { startDetached } from '../proc/spawn.ts';
import { makePrivateDir, PRIVATE_FILE } from '../store/atomic.ts';

/**
 * Starts a program of ours that outlives this process, at home in a private directory. Not in the
 * project: it must not keep a directory busy that the user wants to remove. `log` is a file's path.
 */
export async function startOwn(
  file: string,
  args: readonly string[],
  { dir, log, env }: { dir: string; log: string; env: Readonly<Record<string, string>> },
): Promise<ProcessIdentity> {
  await makePrivateDir(dir);
  const descriptor = openSync(log, 'a', PRIVATE_FILE);
  try {
    return await startDetached(file, args, { cwd: dir, env, log: descriptor });
  } finally {
    closeSync(descriptor);
  }
}
