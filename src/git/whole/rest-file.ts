import { readFile, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { CcError, errnoOf } from '../../core/errors.ts';
import { randomBase32 } from '../../core/ids.ts';
import type { NotCaptured } from '../snapshot.ts';
import type { Area, Folders, Rest, RestEntry } from './whole.ts';

/** As a list of values: a file with 200 000 entries would be twice as large with names. */
type Row = [path: string, area: Area, mode: number, print: string, oid?: string, link?: string];
type RestFile = {
  schema_version: 1;
  entries: Row[];
  perms: Record<string, number>;
  prints: Record<string, string>;
  folders?: Folders;
  not_captured: NotCaptured[];
};

/** Writes it into the private directory and answers its path. */
export async function writeRest(privateDir: string, rest: Rest): Promise<string> {
  const path = join(privateDir, `rest-${randomBase32(8)}.json`);
  const file: RestFile = {
    schema_version: 1,
    entries: rest.entries.map(rowOf),
    perms: rest.perms,
    prints: rest.prints,
    ...(rest.folders === undefined ? {} : { folders: rest.folders }),
    not_captured: rest.not_captured,
  };
  await writeFile(path, JSON.stringify(file), { mode: 0o600 });
  return path;
}

export async function readRest(path: string): Promise<Rest> {
  // The path stands in a file of the run; nothing else than a snapshot's own list is to be read.
  if (!isAbsolute(path) || !/rest-[a-z2-7]{8}\.json$/.test(path)) throw damaged(path);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new CcError('NOT_FOUND', `The snapshot at ${path} is gone.`, {
      hint: 'It was removed by retention or by hand; a comparison is no longer possible.',
    });
  }
  try {
    const { entries, perms, prints, folders, not_captured } = JSON.parse(text) as RestFile;
    const more = folders === undefined ? {} : { folders };
    return { entries: entries.map(entryOf), perms, prints, ...more, not_captured };
  } catch {
    throw damaged(path);
  }
}

function rowOf({ path, area, mode, print, oid, link }: RestEntry): Row {
  if (link !== undefined) return [path, area, mode, print, oid ?? '', link];
  return oid === undefined ? [path, area, mode, print] : [path, area, mode, print, oid];
}

function entryOf([path, area, mode, print, oid, link]: Row): RestEntry {
  return {
    path,
    area,
    mode,
    print,
    ...(oid ? { oid } : {}),
    ...(link === undefined ? {} : { link }),
  };
}

function damaged(path: string): CcError {
  return new CcError('STORAGE_CORRUPT', `Not the list of a snapshot: ${path.slice(0, 200)}`, {
    hint: 'The record of this snapshot is damaged; take a new one.',
  });
}
