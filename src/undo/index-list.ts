import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBase32 } from '../core/ids.ts';
import type { TreeEntry } from '../git/index-entries.ts';
import { preparePrivateRepository } from '../git/private-repository.ts';
import { listIndex } from '../git/whole/index-list.ts';
import type { ObjectFormat } from '../git/whole/object-id.ts';
import type { Host } from '../workspace/host.ts';

const TIMEOUT_MS = 60_000;

/** Git writes its index with every command; what counts of it is what it lists. */
export function isIndex(path: string, outside: readonly string[]): boolean {
  return /(?:^|\/)\.git\/index$/.test(path) || outside.some((name) => path === `${name}/index`);
}

/** Whether index files list the same. Of one that cannot be read nobody can say so. */
export async function isSameIndex(
  host: Host,
  root: string,
  format: ObjectFormat,
  a: Buffer,
  b: Buffer,
): Promise<boolean> {
  const directory = join(host.home.operations, `.index-${randomBase32(8)}`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const place = { root, gitDir: undefined, commonDir: undefined, objectFormat: format };
    await preparePrivateRepository(undefined, place, directory, {
      exclude: [host.home.root],
      env: host.env,
    });
    const list = async (content: Buffer, name: string) => {
      const file = join(directory, name);
      await writeFile(file, content, { mode: 0o600 });
      return listIndex(file, { env: host.env, timeoutMs: TIMEOUT_MS });
    };
    return isSameList(await list(a, 'index-a'), await list(b, 'index-b'));
  } catch {
    return false;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The same of the file there is now; false where there is none. */
export async function isIndexNow(
  host: Host,
  root: string,
  format: ObjectFormat,
  full: string,
  content: Buffer,
): Promise<boolean> {
  const now = await readFile(full).catch(() => undefined);
  return now !== undefined && isSameIndex(host, root, format, now, content);
}

function isSameList(a: ReadonlyMap<string, TreeEntry>, b: ReadonlyMap<string, TreeEntry>): boolean {
  if (a.size !== b.size) return false;
  return [...a].every(([path, { mode, oid }]) => {
    const other = b.get(path);
    return other?.mode === mode && other.oid === oid;
  });
}
