import type { Git } from '../git.ts';
import type { RunOptions } from '../run.ts';

/** A file of a tree that is to be built. */
export type Leaf = { path: string; mode: string; oid: string };

/**
 * A tree of just these files. Made without an index, because an index takes no path with `.git` or `..`
 * in it, and git's own files are compared, too.
 */
export async function buildTree(
  git: Git,
  leaves: readonly Leaf[],
  limits: RunOptions,
): Promise<string> {
  const root: Folder = { files: new Map(), folders: new Map() };
  for (const leaf of leaves) put(root, leaf);
  const levels: Folder[][] = [];
  collect(root, 0, levels);
  const ids = new Map<Folder, string>();
  // From the deepest level up: a folder's line needs the ids of those inside it.
  for (const level of levels.reverse()) {
    const input = level.map((folder) => `${recordsOf(folder, ids)}\0`).join('');
    const { stdout } = await git.run(['mktree', '-z', '--missing', '--batch'], {
      ...limits,
      input,
    });
    const made = stdout.toString('utf8').trim().split('\n');
    for (const [index, folder] of level.entries()) ids.set(folder, made[index] ?? '');
  }
  return ids.get(root) ?? '';
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

function collect(folder: Folder, depth: number, levels: Folder[][]): void {
  levels[depth] = [...(levels[depth] ?? []), folder];
  for (const inner of folder.folders.values()) collect(inner, depth + 1, levels);
}

function recordsOf(folder: Folder, ids: ReadonlyMap<Folder, string>): string {
  const files = [...folder.files].map(
    ([name, { mode, oid }]) => `${mode} ${mode === '160000' ? 'commit' : 'blob'} ${oid}\t${name}\0`,
  );
  const folders = [...folder.folders].map(
    ([name, inner]) => `040000 tree ${ids.get(inner)}\t${name}\0`,
  );
  return [...files, ...folders].join('');
}
