import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CcError } from '../core/errors.ts';

/** In a bare repository everything is git's own, hooks included, and nothing is a project's. */
export function refuseBareRepository(root: string): void {
  if (!['HEAD', 'objects', 'refs'].every((name) => existsSync(join(root, name)))) return;
  throw new CcError('NOT_ALLOWED', `${root} is a bare git repository.`, {
    hint: 'Clone it, and pass cwd of the clone.',
  });
}

/** The user's own temporary directory where it can be used, else the system's. */
export function tmpRoot(wanted: string | undefined): string {
  const own = process.platform === 'win32' ? tmpdir() : '/tmp';
  if (!wanted) return own;
  try {
    accessSync(wanted, constants.W_OK | constants.X_OK);
    return statSync(wanted).isDirectory() ? wanted : own;
  } catch {
    return own;
  }
}
