import { chmod, copyFile, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../core/clock.ts';
import { CcError, errnoOf } from '../../core/errors.ts';

// The -shm is only an index of the -wal and is rebuilt; copying it could only bring in a stale one.
const PARTS = ['', '-wal', '-journal'] as const;
const PREFIX = 'cc-orchestrator-copy-';
const ATTEMPTS = 30;
const PATIENT_ATTEMPTS = 20;
const MAX_BYTES = 2 ** 30;
// File times move in steps of up to 10 ms: a second write within one step is invisible. So a file
// written just now is looked at again a little later, as long as its owner ever pauses.
const SETTLE_MS = 20;
const ABANDONED_MS = 10 * 60_000;

/** What a database file and its side files are at one moment; equal text means unchanged content. */
export type FileState = { identity: string; changed: number; bytes: number };

export async function stateOf(database: string): Promise<FileState> {
  const facts = await Promise.all(PARTS.map((part) => factsOf(database + part)));
  return {
    identity: facts.map((fact) => fact.identity).join(' | '),
    changed: Math.max(...facts.map((fact) => fact.changed)),
    bytes: facts.reduce((sum, fact) => sum + fact.bytes, 0),
  };
}

/**
 * Runs `use` on a private copy of a database that another program may be writing, and removes the
 * copy. The original is neither opened by SQLite nor locked: a lock would stall its owner, and a
 * read-only open can still checkpoint a WAL or roll a journal back.
 */
export async function withPrivateCopy<T>(
  database: string,
  tmp: string | undefined,
  use: (copy: string) => T | Promise<T>,
): Promise<{ value: T; identity: string | undefined }> {
  const parent = tmp ?? tmpdir();
  await removeAbandoned(parent);
  const directory = await mkdtemp(join(parent, PREFIX));
  try {
    const copy = join(directory, 'copy.db');
    const identity = await copyUnchanged(database, copy);
    return { value: await use(copy), identity };
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function copyUnchanged(database: string, copy: string): Promise<string | undefined> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const before = await stateOf(database);
    if (before.bytes > MAX_BYTES) throw new CcError('LIMIT_REACHED', 'The database is over 1 GiB.');
    const settled = Math.abs(Date.now() - before.changed) > SETTLE_MS;
    if (settled || attempt > PATIENT_ATTEMPTS) {
      await copyParts(database, copy);
      // Without a settled state the copy is good, but its identity could be that of a later content.
      if ((await stateOf(database)).identity === before.identity) {
        return settled ? before.identity : undefined;
      }
    }
    await sleep(attempt > PATIENT_ATTEMPTS ? 3 : SETTLE_MS);
  }
  throw new CcError('BUSY', 'The database is being written all the time.', { retryable: true });
}

async function copyParts(database: string, copy: string): Promise<void> {
  for (const part of PARTS) {
    await rm(copy + part, { force: true });
    try {
      await copyFile(database + part, copy + part);
    } catch (error) {
      if (part === '' || errnoOf(error) !== 'ENOENT') throw error;
      continue;
    }
    // A copy inherits the mode; SQLite must be able to write to it, nobody else to read it.
    await chmod(copy + part, 0o600);
  }
}

async function factsOf(path: string): Promise<FileState> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs, mtimeMs } = await stat(path, { bigint: true });
    const identity = [dev, ino, size, mtimeNs, ctimeNs].join(' ');
    return { identity, changed: Number(mtimeMs), bytes: Number(size) };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { identity: '-', changed: 0, bytes: 0 };
    throw error;
  }
}

/** Copies of a process that was killed in the middle; they hold tokens and must not stay. */
async function removeAbandoned(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((item) => item.startsWith(PREFIX))) {
    const path = join(parent, name);
    const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (age > ABANDONED_MS) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}
