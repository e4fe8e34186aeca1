import { createHash } from 'node:crypto';
import { type BigIntStats, closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ifThereSync } from '../core/if-there.ts';

const CHUNK_BYTES = 1 << 20;
/** Smaller ones are read faster than they are remembered. */
const REMEMBERED_FROM_BYTES = 4 << 20;

type FileDigest = { sha256: string; bytes: number };

/**
 * The last large file, and what it was then: the journal of a run is wanted again at the end of a
 * verification. Nobody but the kernel can set the time of change of an inode.
 */
let last: { identity: string; digest: FileDigest } | undefined;

/** SHA-256 of a file, or of so many bytes of it; undefined where it is not there or shorter. */
export function digestOfFile(path: string, limit?: number): FileDigest | undefined {
  const fd = ifThereSync(() => openSync(path, 'r'));
  if (fd === undefined) return undefined;
  try {
    const facts = fstatSync(fd, { bigint: true });
    const bytes = limit ?? Number(facts.size);
    const identity = identityOf(facts, bytes);
    if (last?.identity === identity) return last.digest;
    const hash = createHash('sha256');
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, bytes));
    for (let at = 0; at < bytes; ) {
      const count = readSync(fd, chunk, 0, Math.min(chunk.length, bytes - at), at);
      if (count === 0) return undefined;
      hash.update(chunk.subarray(0, count));
      at += count;
    }
    const digest = { sha256: hash.digest('hex'), bytes };
    if (bytes >= REMEMBERED_FROM_BYTES) last = { identity, digest };
    return digest;
  } finally {
    closeSync(fd);
  }
}

function identityOf({ dev, ino, size, ctimeNs, mtimeNs }: BigIntStats, bytes: number): string {
  return [dev, ino, size, ctimeNs, mtimeNs, bytes].join(' ');
}
