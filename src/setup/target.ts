import { createHash } from 'node:crypto';
import { lstat, readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CcError, errnoOf } from '../core/errors.ts';
import { quoted } from './quote.ts';

/** A file of the user that we may change: what it holds, or undefined where it does not exist. */
export type Target = {
  /** As the client names it. */
  path: string;
  /** What is really written: a symbolic link stays one. */
  real: string;
  bytes: Buffer | undefined;
  text: string;
};

/** Reads a file that is to be changed, and refuses at once what could not be changed well. */
export async function readTarget(path: string): Promise<Target> {
  const kind = await lstat(path).catch(unlessMissing);
  if (kind === undefined) {
    await requireRoom(path);
    return { path, real: path, bytes: undefined, text: '' };
  }
  const real = await realpath(path).catch(() =>
    refuse(path, 'a symbolic link to nothing', 'Remove the link, or create what it points to.'),
  );
  const { mode } = await stat(real);
  if (!(await stat(real)).isFile()) {
    refuse(path, 'not a file', 'Move away what stands in its place.');
  }
  // By the mode and not by trying: root could write it, and the user has said that nobody should.
  if ((mode & 0o222) === 0) refuse(path, 'read-only', `Allow it: chmod u+w ${quoted(real)}`);
  const bytes = await readFile(real);
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) {
    refuse(path, 'not UTF-8', 'Save it as UTF-8, as its client wants it.');
  }
  return { path, real, bytes, text };
}

/** The nearest directory above must be one. */
async function requireRoom(path: string): Promise<void> {
  for (let at = dirname(path); ; at = dirname(at)) {
    const found = await stat(at).catch(unlessMissing);
    if (found?.isDirectory()) return;
    if (found !== undefined) refuse(at, 'not a directory', 'Move away what stands in its place.');
    if (dirname(at) === at) return;
  }
}

function unlessMissing(error: unknown): undefined {
  if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
  throw error;
}

function refuse(path: string, what: string, hint: string): never {
  throw new CcError('NOT_ALLOWED', `${path} is ${what}. Nothing was changed.`, { hint });
}

export function digestOfBytes(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
