import { existsSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Directories above a path that do not exist yet, the deepest first. */
export function missingDirectories(path: string): string[] {
  const missing: string[] = [];
  for (let at = dirname(path); !existsSync(at); at = dirname(at)) missing.push(at);
  return missing;
}

/** Removes directories that we made, as far as nothing is in them. */
export async function removeEmptyDirectories(directories: readonly string[]): Promise<void> {
  for (const directory of directories) {
    await rmdir(directory).catch(() => undefined);
  }
}
