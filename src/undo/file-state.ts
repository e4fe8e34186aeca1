import { createHash } from 'node:crypto';
import { closeSync, fstatSync, lstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import * as z from 'zod';
import { blobId, type ObjectFormat } from '../git/whole/object-id.ts';
import { printOf } from '../git/whole/walk.ts';

/** A file as it was or is to be. Directories have no such state. */
export const fileState = z.object({
  kind: z.enum(['file', 'link', 'other']),
  /** Permission bits. */
  perm: z.number(),
  /** Git's name of the content; absent where it was not kept. */
  oid: z.string().optional(),
  /** Target of a link. */
  link: z.string().optional(),
  /** Size, times and inode. */
  print: z.string().optional(),
});
export type FileState = z.infer<typeof fileState>;

const PERMISSIONS = 0o7777;
const PIECE = 1 << 20;

/** What is at that place now; undefined for nothing, and for a directory. */
export function lookAtFile(full: string, format: ObjectFormat): FileState | undefined {
  const stats = lstatOf(full);
  if (stats === undefined || stats.isDirectory()) return undefined;
  const perm = Number(stats.mode) & PERMISSIONS;
  const print = printOf(stats);
  if (stats.isSymbolicLink()) {
    const link = readlinkSync(full);
    return { kind: 'link', perm, print, link, oid: blobId(Buffer.from(link), format) };
  }
  if (!stats.isFile()) return { kind: 'other', perm, print };
  const oid = hashOf(full, format);
  return { kind: 'file', perm, print, ...(oid === undefined ? {} : { oid }) };
}

/** Whether nobody changed it. Where the content of one is not known, any touch counts. */
export function isSameState(
  a: (Omit<FileState, 'kind'> & { kind: string }) | undefined,
  b: (Omit<FileState, 'kind'> & { kind: string }) | undefined,
): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.kind !== b.kind) return false;
  if (a.kind === 'link' && a.link !== undefined && b.link !== undefined) return a.link === b.link;
  if (a.kind !== 'link' && a.perm !== b.perm) return false;
  if (a.oid !== undefined && b.oid !== undefined) return a.oid === b.oid;
  return a.print !== undefined && a.print === b.print;
}

export function lstatOf(full: string) {
  try {
    return lstatSync(full, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined; // a file stands where a directory was
  }
}

/** Undefined where it may not be read. */
function hashOf(full: string, format: ObjectFormat): string | undefined {
  let fd: number;
  try {
    fd = openSync(full, 'r');
  } catch {
    return undefined;
  }
  try {
    const hash = createHash(format).update(`blob ${fstatSync(fd).size}\0`);
    const piece = Buffer.alloc(PIECE);
    for (let read = readSync(fd, piece); read > 0; read = readSync(fd, piece)) {
      hash.update(piece.subarray(0, read));
    }
    return hash.digest('hex');
  } finally {
    closeSync(fd);
  }
}

export function sizeOfFile(full: string): number {
  return Number(lstatOf(full)?.size ?? 0);
}
