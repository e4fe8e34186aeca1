import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectFormat } from '../git/whole/object-id.ts';
import { lookAtFile, lstatOf } from './file-state.ts';
import type { Folder, Step } from './operation.ts';
import { foldersAbove, obstacleAbove, placeIn, type Tree } from './tree.ts';

const PERMISSIONS = 0o7777;
/** What it takes to add and remove entries of a directory. */
const OPEN = 0o300;

/**
 * What else has to be done so that steps can be carried out: directories to be made, emptied ones to
 * be removed where a file is to be, closed ones to be opened. Answers also what stands in the way.
 */
export function arrange(
  tree: Tree,
  format: ObjectFormat,
  steps: readonly Step[],
  wanted: readonly Folder[],
  permOf: (folder: string) => number,
): { folders: Folder[]; obstacles: string[] } {
  const folders = new Map(wanted.map((folder) => [folder.path, folder]));
  const leaving = new Set(steps.filter(({ target }) => target === null).map(({ path }) => path));
  const obstacles = new Set<string>();
  for (const { path, target } of steps) {
    const above = obstacleAbove(tree, path);
    if (above !== undefined && !leaving.has(above)) obstacles.add(above);
    if (target !== null && above === undefined) makeRoom(path);
    for (const folder of foldersAbove(tree, path)) {
      if (folders.has(folder)) continue;
      const stats = lstatOf(placeIn(tree, folder));
      if (stats === undefined || !stats.isDirectory()) {
        if (target !== null)
          folders.set(folder, { path: folder, before: null, target: permOf(folder) });
        continue;
      }
      const perm = Number(stats.mode) & PERMISSIONS;
      if ((perm & OPEN) !== OPEN) folders.set(folder, { path: folder, before: perm, target: perm });
    }
  }
  return { folders: [...folders.values()], obstacles: [...obstacles].sort() };

  function makeRoom(path: string): void {
    const full = placeIn(tree, path);
    if (lstatOf(full)?.isDirectory()) emptied(path, full);
  }

  /** A directory where a file is to be: everything in it must be going, too. */
  function emptied(path: string, full: string): void {
    const perm = Number(lstatOf(full)?.mode ?? 0) & PERMISSIONS;
    folders.set(path, { path, before: perm, target: null });
    for (const entry of readdirSync(full, { withFileTypes: true })) {
      const inner = `${path}/${entry.name}`;
      if (entry.isDirectory()) emptied(inner, join(full, entry.name));
      else if (!leaving.has(inner) && lookAtFile(join(full, entry.name), format) !== undefined) {
        obstacles.add(inner);
      }
    }
  }
}
