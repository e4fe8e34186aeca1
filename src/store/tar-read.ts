import { createHash } from 'node:crypto';
import { CcError } from '../core/errors.ts';
import type { TarEntry } from './tar-write.ts';

/** What is about to be read; `body` must be used up before the next one. */
export type TarFound = Omit<TarEntry, 'digest'> & { link: string; body: AsyncIterable<Buffer> };

const BLOCK = 512;
/** Of a name, at most; a header that claims more is no header. */
const MAX_PAX_BYTES = 1 << 20;

/**
 * What is in a tar archive (as tar-write.ts makes it), one entry after the other. Throws STORAGE_CORRUPT
 * on everything else, on a cut one too, and on a name that would lead out of where it is unpacked.
 */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<TarFound> {
  const bytes = new Bytes(source);
  let more: Record<string, string> = {};
  for (;;) {
    const block = await bytes.exactly(BLOCK);
    if (block.every((byte) => byte === 0)) break;
    const { type, size, ...head } = parseHeader(block, more);
    const padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if (type === 'x') {
      if (size > MAX_PAX_BYTES) throw corrupt('a header is too large');
      more = parsePax(await bytes.exactly(size));
      await bytes.exactly(padding);
      continue;
    }
    more = {};
    const kind = { '0': 'file', '5': 'directory', '2': 'link' }[type];
    if (kind === undefined) throw corrupt(`an entry of type ${JSON.stringify(type)}`);
    const name = head.name.replace(/\/$/, '');
    requireInside(name);
    const body = bytes.pieces(kind === 'file' ? size : 0);
    yield { ...head, name, type: kind as TarEntry['type'], size, body };
    for await (const _ of body);
    if (kind === 'file') await bytes.exactly(padding);
  }
}

/** The same without what is in the files, but with what proves it. */
export async function listTar(source: AsyncIterable<Buffer>): Promise<TarEntry[]> {
  const entries: TarEntry[] = [];
  for await (const { body, link, name, type, mode, size } of readTar(source)) {
    const hash = createHash('sha256');
    for await (const piece of body) hash.update(piece);
    entries.push({ name, type, mode, size, digest: type === 'file' ? hash.digest('hex') : link });
  }
  return entries;
}

function parseHeader(block: Buffer, more: Record<string, string>) {
  const text = (at: number, length: number) => {
    const field = block.subarray(at, at + length);
    const end = field.indexOf(0);
    return field.toString('utf8', 0, end === -1 ? length : end);
  };
  const octal = (at: number, length: number) => Number.parseInt(text(at, length).trim(), 8);
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (octal(148, 8) !== sum) throw corrupt('a header does not add up');
  const size = more.size === undefined ? octal(124, 12) : Number(more.size);
  if (!Number.isSafeInteger(size) || size < 0) throw corrupt('a size is no number');
  return {
    name: more.path ?? text(0, 100),
    mode: octal(100, 8) & 0o777,
    type: text(156, 1),
    link: more.linkpath ?? text(157, 100),
    size,
  };
}

function parsePax(body: Buffer): Record<string, string> {
  const found: Record<string, string> = Object.create(null);
  for (let at = 0; at < body.length; ) {
    const length = Number.parseInt(body.toString('latin1', at, at + 20), 10);
    const record = /^\d+ ([^=]+)=(.*)\n$/s.exec(body.toString('utf8', at, at + length));
    if (!(length > 0) || record === null) throw corrupt('a pax header cannot be read');
    found[record[1] ?? ''] = record[2] ?? '';
    at += length;
  }
  return found;
}

function requireInside(name: string): void {
  const parts = name.split('/');
  const isBad = (part: string) => part === '' || part === '.' || part === '..';
  if (parts.some(isBad) || /[\0\\]/.test(name)) throw corrupt(`the name ${JSON.stringify(name)}`);
}

function corrupt(what: string): CcError {
  return new CcError('STORAGE_CORRUPT', `Not an archive of ours: ${what}.`, {
    hint: 'Restore the file from a backup; look at it with tar tzf.',
  });
}

class Bytes {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async *pieces(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0; ) {
      if (this.#rest.length === 0) {
        const next = await this.#source.next();
        if (next.done) throw corrupt('it ends too early');
        this.#rest = next.value;
      }
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
  }

  async exactly(count: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.pieces(count)) pieces.push(piece);
    return Buffer.concat(pieces);
  }
}
