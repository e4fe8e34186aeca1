import { type Dirent, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { protectedMatcher } from '../../workers/claude/protected-paths.ts';

/** Directories that are looked into, the shallow ones first: every start of a worker waits for this. */
const MAX_DIRECTORIES = 500;
/** Each becomes a mount of the sandbox. */
const MAX_FOUND = 500;
/** Large, and full of what others published. */
const SKIPPED = new Set(['node_modules']);

/** Protected files and directories inside of a directory of the project, absolute; at most 500. */
export function protectedIn(directory: string, root: string, globs: readonly string[]): string[] {
  const isProtected = protectedMatcher(globs);
  const found: string[] = [];
  const queue = [directory];
  for (let at = 0; at < queue.length && at < MAX_DIRECTORIES; at += 1) {
    const parent = queue[at] ?? '';
    for (const entry of entriesOf(parent)) {
      // A link itself cannot be held in its place; what it leads to is held where it is.
      if (entry.isSymbolicLink()) continue;
      const path = join(parent, entry.name);
      if (isProtected(relative(root, path).split(sep).join('/'))) {
        found.push(path);
        if (found.length === MAX_FOUND) return found;
      } else if (entry.isDirectory() && !SKIPPED.has(entry.name)) queue.push(path);
    }
  }
  return found;
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return []; // what we cannot look into, the worker cannot change
  }
}
