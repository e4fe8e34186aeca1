import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs';
import { link, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { sleep } from '../core/clock.ts';
import { CcError, errnoOf } from '../core/errors.ts';
import { randomBase32 } from '../core/ids.ts';

/** Modes of everything we create: directories 0700, files 0600 (a run may hold private text). */
export const PRIVATE_DIR = 0o700;
export const PRIVATE_FILE = 0o600;

type WriteOptions = {
  /** Survive a power cut: fsync the file and its directory before returning. */
  durable?: boolean;
  mode?: number;
};

/** Replaces a file in one step: a reader sees the old content or the new, never a part. */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  { durable = false, mode = PRIVATE_FILE }: WriteOptions = {},
): Promise<void> {
  const temporary = temporaryFor(path);
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(data);
      if (durable) await handle.sync();
    } finally {
      await handle.close();
    }
    await renameWithRetry(temporary, path);
  } catch (error) {
    // What went wrong first is what must be told, also where nothing can be removed either.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  if (durable) syncDirectory(dirname(path));
}

/** Creates a file with all of its content, unless there is one already; tells whether it did. */
export async function createFileAtomic(path: string, data: string): Promise<boolean> {
  const temporary = temporaryFor(path);
  try {
    await writeFile(temporary, data, { flag: 'wx', mode: PRIVATE_FILE });
    await link(temporary, path).catch((error: unknown) => {
      if (!lacksHardLinks(error)) throw error;
      return writeFile(path, data, { flag: 'wx', mode: PRIVATE_FILE });
    });
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/** What linking answers on exFAT and on some network mounts. */
export function lacksHardLinks(error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoOf(error) ?? '');
}

function temporaryFor(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.${randomBase32(8)}.tmp`);
}

/** Of which file, and by which process, a name of ours for new content is; undefined for any other name. */
export function temporaryOf(name: string): { name: string; pid: number } | undefined {
  const [, of, pid] = /^\.(.+)\.(\d+)\.[0-9a-z]{8}\.tmp$/.exec(name) ?? [];
  return of === undefined ? undefined : { name: of, pid: Number(pid) };
}

export function writeJsonAtomic(
  path: string,
  value: unknown,
  options?: WriteOptions,
): Promise<void> {
  return writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`, options);
}

/** The parsed JSON, or undefined where the file does not exist. Throws STORAGE_CORRUPT on anything else. */
export async function readJson(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CcError('STORAGE_CORRUPT', `Not valid JSON: ${path}`, {
      hint: 'cc-orchestrator replaces its files in one step, so something else wrote here. Restore or remove the file.',
      cause: error,
    });
  }
}

/** Creates a directory (and parents) for this user only; tells whether it was missing. */
export async function makePrivateDir(path: string): Promise<boolean> {
  return makePrivateDirSync(path);
}

/**
 * One directory at a time, never `recursive`: Node 20 then reports a read-only disk as ENOENT, and where
 * a parent exists but takes no directory (TMPDIR=/proc) it tries for ever.
 */
export function makePrivateDirSync(path: string): boolean {
  if (isDirectory(path)) return false;
  const parent = dirname(path);
  if (parent !== path && !existsSync(parent)) makePrivateDirSync(parent);
  try {
    mkdirSync(path, { mode: PRIVATE_DIR });
    return true;
  } catch (error) {
    // Somebody else was faster.
    if (errnoOf(error) === 'EEXIST' && isDirectory(path)) return false;
    throw error;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false; // behind a file or an unreadable directory; creating it tells why
  }
}

/** Narrows an existing path to this user; used on what other programs create for us. */
export function makePrivate(path: string, mode: number): void {
  if (process.platform !== 'win32') chmodSync(path, mode);
}

export function syncDirectory(path: string): void {
  // Windows cannot open a directory for fsync; NTFS journals the rename itself.
  if (process.platform === 'win32') return;
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

const WINDOWS_RENAME_ATTEMPTS = 10;

/** On Windows a reader holding the target open makes rename fail for a moment. */
async function renameWithRetry(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      const code = errnoOf(error);
      const transient = code === 'EPERM' || code === 'EBUSY' || code === 'EACCES';
      if (process.platform !== 'win32' || !transient || attempt === WINDOWS_RENAME_ATTEMPTS) {
        throw error;
      }
      await sleep(10 * attempt);
    }
  }
}
