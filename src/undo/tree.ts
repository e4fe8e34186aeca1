import { dirname, join } from 'node:path';
import { CcError } from '../core/errors.ts';
import { lstatOf } from './file-state.ts';

/** A working tree; git directories outside of it count as parts of it. */
export type Tree = { root: string; outside: string[] };

/** The place of a path of the tree; refuses one that leads elsewhere. */
export function placeIn({ root, outside }: Tree, path: string): string {
  const start = outside.find((name) => path === name || path.startsWith(`${name}/`));
  const inside = start === undefined ? path : path.slice(start.length + 1) || '.git';
  const parts = inside.split('/');
  const isPlain = parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (isPlain && !path.includes('\0') && !path.startsWith('/')) return join(root, path);
  throw new CcError('STORAGE_CORRUPT', `Not a path of the project: ${JSON.stringify(path)}`, {
    hint: 'The record of this change is damaged. Nothing was changed.',
  });
}

/** Directories above a path, outermost first, as paths of the tree. */
export function foldersAbove({ outside }: Tree, path: string): string[] {
  const start = outside.find((name) => path.startsWith(`${name}/`)) ?? '.';
  const above: string[] = [];
  for (let at = dirname(path); at !== start && at !== '.' && at !== '/'; at = dirname(at)) {
    above.unshift(at);
  }
  return above;
}

/** The outermost thing above a path that is there and no directory: a link would lead elsewhere. */
export function obstacleAbove(tree: Tree, path: string): string | undefined {
  return foldersAbove(tree, path).find((folder) => {
    const stats = lstatOf(placeIn(tree, folder));
    return stats !== undefined && !stats.isDirectory();
  });
}

/** Throws where a path is (now) behind a link or a file. Asked right before every change. */
export function requirePlain(tree: Tree, path: string): string {
  const obstacle = obstacleAbove(tree, path);
  if (obstacle === undefined) return placeIn(tree, path);
  throw new CcError('CHECK_FAILED', `${obstacle} is no directory any more.`, {
    hint: 'Somebody changes these files right now. Look at them, then repeat the call.',
  });
}
