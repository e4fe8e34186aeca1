import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { CcError } from '../core/errors.ts';

/** A directory that goes into an archive, and the name it has there. */
export type Tree = { dir: string; as: string };

/** What is in an archive. `digest`: SHA-256 of a file's bytes, or where a link leads. */
export type TarEntry = {
  name: string;
  type: 'file' | 'directory' | 'link';
  mode: number;
  size: number;
  digest: string;
};

type Found = Omit<TarEntry, 'digest'> & { path: string; mtime: number; link: string; mark: string };

const BLOCK = 512;
/** What the classic header has room for; beyond that a pax header says it. */
const NAME_BYTES = 100;
const MAX_OCTAL_SIZE = 0o77777777777;
const TYPES = { file: '0', directory: '5', link: '2' } as const;

/** Everything below the trees in a fixed order. Sockets and pipes are left out. */
function entriesOf(trees: readonly Tree[]): Found[] {
  const found: Found[] = [];
  const visit = (path: string, name: string) => {
    const stat = lstatSync(path, { bigint: true });
    const type = stat.isFile()
      ? 'file'
      : stat.isDirectory()
        ? 'directory'
        : stat.isSymbolicLink()
          ? 'link'
          : undefined;
    if (type === undefined) return;
    const size = type === 'file' ? Number(stat.size) : 0;
    const link = type === 'link' ? readlinkSync(path) : '';
    const mode = Number(stat.mode & 0o777n);
    // A directory that is moved may get another time; what is in it tells.
    const time = type === 'directory' ? '' : `${stat.mtimeNs}`;
    const mark = [name, type, mode, size, time, link].join(' ');
    found.push({ path, name, type, mode, size, mtime: Number(stat.mtimeMs), link, mark });
    if (type !== 'directory') return;
    for (const child of readdirSync(path).sort()) visit(join(path, child), `${name}/${child}`);
  };
  for (const { dir, as } of trees) visit(dir, as);
  return found;
}

/** Stands for names, sizes and times of everything in the trees: equal means that nobody has written. */
export function markOf(trees: readonly Tree[]): string {
  const hash = createHash('sha256');
  for (const { mark } of entriesOf(trees)) hash.update(`${mark}\0`);
  return hash.digest('hex');
}

/**
 * The trees as a tar archive (ustar with pax headers, as `tar` reads it), piece by piece; what was put
 * in is told to `put`. Throws BUSY where a file changes on the way.
 */
export async function* writeTar(
  trees: readonly Tree[],
  put: (entry: TarEntry) => void,
): AsyncGenerator<Buffer> {
  for (const entry of entriesOf(trees)) {
    const { name, type, mode, size, link } = entry;
    yield headersOf(entry);
    let digest = link;
    if (type === 'file') {
      const hash = createHash('sha256');
      let count = 0;
      const options = { highWaterMark: 1 << 20, ...(size > 0 ? { end: size - 1 } : {}) };
      for await (const piece of size > 0 ? createReadStream(entry.path, options) : []) {
        hash.update(piece);
        count += piece.length;
        yield piece;
      }
      if (count !== size) {
        throw new CcError('BUSY', `${entry.path} changed while it was read.`, {
          hint: 'Call again.',
          retryable: true,
        });
      }
      yield Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
      digest = hash.digest('hex');
    }
    put({ name, type, mode, size, digest });
  }
  yield Buffer.alloc(2 * BLOCK);
}

function headersOf(entry: Found): Buffer {
  const name = entry.type === 'directory' ? `${entry.name}/` : entry.name;
  const records = [
    ...(isPlain(name) ? [] : [paxRecord('path', name)]),
    ...(isPlain(entry.link) ? [] : [paxRecord('linkpath', entry.link)]),
    ...(entry.size > MAX_OCTAL_SIZE ? [paxRecord('size', String(entry.size))] : []),
  ];
  const own = header({ ...entry, name, type: TYPES[entry.type] });
  if (records.length === 0) return own;
  const body = Buffer.concat(records);
  const padding = Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK);
  const pax = header({ ...entry, name: 'pax', link: '', size: body.length, type: 'x' });
  return Buffer.concat([pax, body, padding, own]);
}

function isPlain(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text) && text.length <= NAME_BYTES;
}

/** `<length> <key>=<value>\n`, the length counting itself. */
function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + String(bytes).length;
  length = bytes + String(length).length;
  return Buffer.from(`${length}${rest}`);
}

function header(entry: {
  name: string;
  type: string;
  mode: number;
  size: number;
  mtime: number;
  link: string;
}): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, width: number) =>
    block.write(
      `${Math.floor(value)
        .toString(8)
        .padStart(width - 1, '0')}\0`,
      at,
      'latin1',
    );
  block.write(entry.name, 0, NAME_BYTES, 'utf8');
  octal(entry.mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(Math.min(entry.size, MAX_OCTAL_SIZE), 124, 12);
  octal(Math.max(0, entry.mtime / 1000), 136, 12);
  block.fill(' ', 148, 156);
  block.write(entry.type, 156, 'latin1');
  block.write(entry.link, 157, NAME_BYTES, 'utf8');
  block.write('ustar\u000000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
