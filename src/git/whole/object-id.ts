import { hash } from 'node:crypto';
import type { WholeSnapshot } from './whole.ts';

export type ObjectFormat = 'sha1' | 'sha256';

export function formatOf({ repository }: WholeSnapshot): ObjectFormat {
  return repository?.object_format ?? 'sha1';
}

/** Git's name of a content. */
export function blobId(content: Uint8Array, format: ObjectFormat): string {
  return objectId('blob', content, format);
}

/** Git's name of an object, from what git stores of it. */
export function objectId(type: 'blob' | 'tree', content: Uint8Array, format: ObjectFormat): string {
  const head = Buffer.from(`${type} ${content.length}\0`);
  return hash(format, Buffer.concat([head, content]));
}
