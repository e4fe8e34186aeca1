import { fstatSync, readSync } from 'node:fs';
import { CcError } from '../core/errors.ts';
import { numberAt, parseJson, stringAt } from '../core/json.ts';

/** First line of every NDJSON file. `file` tells one file from a later one at the same path. */
export type NdjsonHeader = {
  schema_version: number;
  kind: string;
  file: string;
  created: string;
};

const HEADER_BYTES = 1024;
const FILE_ID = /^[a-z2-7]{8}$/;

/**
 * The header and the offset behind it; undefined where there is none yet: it is one short write, so
 * a short file without a newline is being created this very moment, or its creator died.
 */
export function readNdjsonHeader(
  fd: number,
  path: string,
): { header: NdjsonHeader; end: number } | undefined {
  const block = Buffer.allocUnsafe(HEADER_BYTES);
  const count = readSync(fd, block, 0, HEADER_BYTES, 0);
  const newline = block.subarray(0, count).indexOf(0x0a);
  if (newline === -1 && fstatSync(fd).size < HEADER_BYTES) return undefined;
  const header = parseJson(block.toString('utf8', 0, Math.max(0, newline)));
  const isOurs =
    numberAt(header, 'schema_version') !== undefined &&
    FILE_ID.test(stringAt(header, 'file') ?? '');
  if (isOurs) return { header: header as NdjsonHeader, end: newline + 1 };
  throw new CcError('STORAGE_CORRUPT', `No header in ${path}`, {
    hint: 'The file was not written by cc-orchestrator. Move it away.',
  });
}
