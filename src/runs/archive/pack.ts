import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import { createGunzip, createGzip } from 'node:zlib';
import { CcError } from '../../core/errors.ts';
import { makePrivateDir, PRIVATE_FILE, syncDirectory } from '../../store/atomic.ts';
import { listTar } from '../../store/tar-read.ts';
import { markOf, type TarEntry, type Tree, writeTar } from '../../store/tar-write.ts';

/** What an archive was made of, to see whether anybody has written since. */
export type Packed = { bytes: number; mark: string };

/**
 * Packs trees into a `.tar.gz`, reads it back, and only then gives it its name. It replaces an earlier
 * one in one step, so there is always a whole one or none.
 */
export async function pack(trees: readonly Tree[], path: string): Promise<Packed> {
  await makePrivateDir(dirname(path));
  // Whoever was killed here left one of this name.
  const temporary = `${path}.tmp`;
  await rm(temporary, { force: true });
  const mark = markOf(trees);
  const entries: TarEntry[] = [];
  try {
    await pipeline(
      Readable.from(writeTar(trees, (entry) => entries.push(entry))),
      createGzip(),
      createWriteStream(temporary, { flags: 'wx', mode: PRIVATE_FILE }),
    );
    if (!isDeepStrictEqual(await entriesIn(temporary), entries)) {
      throw new CcError(
        'STORAGE_CORRUPT',
        `What was read back of ${path} is not what was written.`,
        {
          hint: 'Look at the disk. The run is untouched.',
        },
      );
    }
    const handle = await open(temporary, 'r');
    await handle.sync().finally(() => handle.close());
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  syncDirectory(dirname(path));
  return { bytes: (await stat(path)).size, mark };
}

/** Everything an archive holds; throws STORAGE_CORRUPT where it cannot be read. */
export async function entriesIn(path: string): Promise<TarEntry[]> {
  return listTar(unzipped(path));
}

/** What an archive holds, byte after byte. */
export async function* unzipped(path: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const source = createReadStream(path);
  source.on('error', (error) => gunzip.destroy(error));
  try {
    for await (const piece of source.pipe(gunzip)) yield piece;
  } catch (error) {
    if (error instanceof Error && /^(?:Z_|ERR_ZLIB)/.test(String(Object(error).code))) {
      throw new CcError('STORAGE_CORRUPT', `${path} is damaged: ${error.message}.`, {
        hint: 'Restore the file from a backup.',
        cause: error,
      });
    }
    throw error;
  } finally {
    source.destroy();
  }
}
