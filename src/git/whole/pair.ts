import { CcError } from '../../core/errors.ts';
import type { Git } from '../git.ts';
import type { RunOptions } from '../run.ts';
import { SUBMODULE_MODE } from './index-list.ts';
import { type ObjectFormat, objectId } from './object-id.ts';

/** A file of a tree that is to be built. */
export type Leaf = { path: string; mode: string; oid: string };

/**
 * Trees of just these files. Made without an index, because an index takes no path with `.git` or `..`
 * in it, and git's own files are compared, too. The names of inner trees are computed here, so that one
 * git process can write them all.
 */
export async function buildTrees(
  git: Git,
  trees: readonly (readonly Leaf[])[],
  format: ObjectFormat,
  limits: RunOptions,
): Promise<string[]> {
  const records: string[] = [];
  const ids = trees.map((leaves) => {
    const root: Folder = { files: new Map(), folders: new Map() };
    for (const leaf of leaves) put(root, leaf);
    return describe(root, format, records);
  });
  const input = records.map((record) => `${record}\0`).join('');
  const args = ['mktree', '-z', '--missing', '--batch'];
  const { stdout } = await git.run(args, { ...limits, input });
  const written = new Set(stdout.toString('utf8').trim().split('\n'));
  const lost = ids.find((id) => !written.has(id));
  if (lost !== undefined) throw new CcError('INTERNAL', `git wrote another tree than ${lost}.`);
  return ids;
}

type Folder = { files: Map<string, Leaf>; folders: Map<string, Folder> };

function put(root: Folder, leaf: Leaf): void {
  const parts = leaf.path.split('/');
  const name = parts.pop() ?? '';
  let folder = root;
  for (const part of parts) {
    const next: Folder = folder.folders.get(part) ?? { files: new Map(), folders: new Map() };
    folder.folders.set(part, next);
    folder.files.delete(part);
    folder = next;
  }
  if (!folder.folders.has(name)) folder.files.set(name, leaf);
}

/** Git's name of a folder, after those inside it; adds what git needs to write it. */
function describe(folder: Folder, format: ObjectFormat, records: string[]): string {
  const entries = [
    ...[...folder.files.values()].map(({ path, mode, oid }) => ({
      name: path.slice(path.lastIndexOf('/') + 1),
      mode,
      oid,
    })),
    ...[...folder.folders].map(([name, inner]) => ({
      name,
      mode: FOLDER_MODE,
      oid: describe(inner, format, records),
    })),
  ].map((entry) => ({ ...entry, bytes: Buffer.from(entry.name) }));
  records.push(
    entries.map(({ name, mode, oid }) => `${mode} ${typeOf(mode)} ${oid}\t${name}\0`).join(''),
  );
  const content = entries
    .sort((a, b) => Buffer.compare(sortKey(a), sortKey(b)))
    .flatMap(({ mode, bytes, oid }) => [
      Buffer.from(`${mode.replace(/^0/, '')} `),
      bytes,
      ZERO,
      Buffer.from(oid, 'hex'),
    ]);
  return objectId('tree', Buffer.concat(content), format);
}

const FOLDER_MODE = '040000';
const ZERO = Buffer.from([0]);

function typeOf(mode: string): string {
  if (mode === FOLDER_MODE) return 'tree';
  return mode === SUBMODULE_MODE ? 'commit' : 'blob';
}

/** Git sorts a folder as if its name ended with a slash. */
function sortKey({ mode, bytes }: { mode: string; bytes: Buffer }): Buffer {
  return mode === FOLDER_MODE ? Buffer.concat([bytes, Buffer.from('/')]) : bytes;
}
