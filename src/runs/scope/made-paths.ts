import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { RunRecord } from '../record.ts';
import { directoriesOfFiles, type Reach } from './reach.ts';

/** A file of this content changes nothing for those who read it. */
const EMPTY_FILE = '{"mcpServers":{}}\n';
/** What a shell could else create to have programs started later, by Claude Code and by git. */
const HELD_DIRECTORY = '.claude';
const HELD_FILE = '.mcp.json';
/** At the top of a project alone: deeper down, an empty one would make another project of it. */
const HELD_AT_ROOT = '.git';

/**
 * What must be there before the sandbox is, because only what exists can be made writable, or kept
 * from being created: directories that the scope names, and protected names where a worker may write.
 * Relative to the project; `/` closes a directory.
 */
export function pathsToMake(
  reach: Reach,
  place: { cwd: string; root: string },
  hasShell: boolean,
): string[] {
  const writable = [...reach.writable, ...directoriesOfFiles(reach)];
  const open = [place.root, place.cwd].filter((path) => hasShell && writable.includes(path));
  const directories = [
    ...reach.missing,
    ...open.map((path) => join(path, HELD_DIRECTORY)),
    ...(open.includes(place.root) ? [join(place.root, HELD_AT_ROOT)] : []),
  ];
  const files = open.map((path) => join(path, HELD_FILE));
  const named = (path: string) => relative(place.root, path).split(sep).join('/');
  return [
    ...new Set([
      ...directories.filter((path) => !existsSync(path)).map((path) => `${named(path)}/`),
      ...files.filter((path) => !existsSync(path)).map(named),
    ]),
  ];
}

export function makePaths({ workspace, made_paths = [] }: RunRecord): void {
  for (const path of made_paths) {
    const absolute = join(workspace, path);
    if (path.endsWith('/')) mkdirSync(absolute, { recursive: true });
    else if (!existsSync(absolute)) writeFileSync(absolute, EMPTY_FILE);
  }
}

/** Removes them again where nobody has put anything there. */
export function removeMadePaths({ workspace, made_paths = [] }: RunRecord): void {
  for (const path of [...made_paths].reverse()) {
    const absolute = join(workspace, path);
    try {
      if (path.endsWith('/')) rmdirSync(absolute);
      else if (readFileSync(absolute, 'utf8') === EMPTY_FILE) rmSync(absolute);
    } catch {
      // In use, or gone.
    }
  }
}
