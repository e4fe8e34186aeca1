import { copyFile, link, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CcError } from '../core/errors.ts';
import { randomBase32 } from '../core/ids.ts';
import { blobId, type ObjectFormat } from '../git/whole/object-id.ts';
import { makePrivateDir, writeFileAtomic } from '../store/atomic.ts';

/** Contents by git's name of them, one file each. */
export class Blobs {
  readonly #dir: string;
  readonly #format: ObjectFormat;

  private constructor(dir: string, format: ObjectFormat) {
    this.#dir = dir;
    this.#format = format;
  }

  static async open(dir: string, format: ObjectFormat): Promise<Blobs> {
    await makePrivateDir(dir);
    return new Blobs(dir, format);
  }

  async has(oid: string): Promise<boolean> {
    return stat(this.#path(oid)).then(
      () => true,
      () => false,
    );
  }

  async put(content: Uint8Array): Promise<string> {
    const oid = blobId(content, this.#format);
    if (!(await this.has(oid))) await writeFileAtomic(this.#path(oid), content);
    return oid;
  }

  /** Keeps a copy of a file; false where it is not (any more) what that name says. */
  async keep(full: string, oid: string): Promise<boolean> {
    if (await this.has(oid)) return true;
    const temporary = join(this.#dir, `.${randomBase32(8)}.tmp`);
    try {
      await copyFile(full, temporary);
      if (blobId(await readFile(temporary), this.#format) !== oid) return false;
      await rename(temporary, this.#path(oid));
      return true;
    } catch {
      return false;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Takes over a content of another operation; false where that does not have it. */
  async adopt(other: Blobs, oid: string): Promise<boolean> {
    if (await this.has(oid)) return true;
    const from = other.#path(oid);
    return link(from, this.#path(oid))
      .catch(() => copyFile(from, this.#path(oid)))
      .then(
        () => true,
        () => false,
      );
  }

  async read(oid: string): Promise<Buffer> {
    const content = await readFile(this.#path(oid));
    if (blobId(content, this.#format) === oid) return content;
    throw new CcError('STORAGE_CORRUPT', `${this.#path(oid)} is damaged.`, {
      hint: 'Something changed the private store; nothing was restored from it.',
    });
  }

  #path(oid: string): string {
    if (!/^[0-9a-f]{40,64}$/.test(oid)) throw new CcError('STORAGE_CORRUPT', 'Not a content id.');
    return join(this.#dir, oid);
  }
}
