import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { isProtectedPath } from '../../workers/claude/protected-paths.ts';
import { parseGlob, type ScopeGlob } from './globs.ts';

/** What of a scope the operating system can hold: directories and files, absolute. */
export type Reach = {
  writable: string[];
  /** Inside of those, taken away by `!x`. */
  readOnly: string[];
  /** Directories to be made first, parents before children: else the nearest parent were writable. */
  missing: string[];
  /** Writable directories of which the globs allow only a part; the rest is not held. */
  coarse: string[];
};

type Place = {
  cwd: string;
  root: string;
  protectedPaths: readonly string[];
  /** The whole project: what the globs leave out can be allowed while the worker runs. */
  whole?: boolean;
};

/**
 * The directories and files that the globs of a scope can reach. A path that leads over a symbolic
 * link or out of the project is left out: file tools refuse it as well.
 */
export function reachOf(paths: readonly string[], place: Place): Reach {
  const globs = paths.map(parseGlob).filter(({ glob }) => glob !== '');
  const reach: Reach = { writable: [], readOnly: [], missing: [], coarse: [] };
  for (const glob of globs) {
    const path = join(place.cwd, glob.base);
    if (!isOwn(path, place)) continue;
    if (glob.takesAway) takeAway(reach, glob, path);
    else give(reach, glob, path);
  }
  if (place.whole) reach.writable.push(place.root);
  const outermost = reach.writable.filter(
    (path) => !reach.writable.some((other) => path.startsWith(other + sep)),
  );
  return {
    writable: unique(outermost),
    readOnly: unique(reach.readOnly),
    missing: unique(reach.missing),
    coarse: unique(reach.coarse.filter((path) => !isWhole(path, globs, place.cwd))),
  };
}

function give(reach: Reach, glob: ScopeGlob, path: string): void {
  const kind = kindOf(path);
  if (kind === 'other') return;
  // A file that is not there yet: its directory, since only that can hold a new one.
  const target = glob.isPlain && kind === 'missing' ? dirname(path) : path;
  reach.writable.push(target);
  reach.missing.push(...missingDirectories(target));
  if (!glob.isWhole && kind !== 'file') reach.coarse.push(target);
}

function takeAway(reach: Reach, glob: ScopeGlob, path: string): void {
  const isThere = kindOf(path) === 'file' || kindOf(path) === 'directory';
  if (isThere && (glob.isPlain || glob.isWhole)) reach.readOnly.push(path);
  else reach.coarse.push(isThere ? path : dirname(path));
}

/** Another glob allows all of it. */
function isWhole(path: string, globs: readonly ScopeGlob[], cwd: string): boolean {
  const hasExclusion = globs.some((glob) => glob.takesAway && !glob.isWhole && !glob.isPlain);
  if (hasExclusion) return false;
  return globs.some((glob) => {
    const base = join(cwd, glob.base);
    return glob.isWhole && !glob.takesAway && (path === base || path.startsWith(base + sep));
  });
}

/** In the project, not protected, and with no symbolic link on the way. */
function isOwn(path: string, { root, protectedPaths }: Place): boolean {
  const inRoot = relative(root, path).split(sep).join('/');
  if (inRoot === '..' || inRoot.startsWith('../')) return false;
  if (inRoot !== '' && isProtectedPath(inRoot, protectedPaths)) return false;
  const there = nearestExisting(path);
  try {
    return realpathSync(there) === there;
  } catch {
    return false;
  }
}

function kindOf(path: string): 'file' | 'directory' | 'missing' | 'other' {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return 'missing';
  return stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other';
}

function nearestExisting(path: string): string {
  return existsSync(path) || lstatSync(path, { throwIfNoEntry: false }) !== undefined
    ? path
    : nearestExisting(dirname(path));
}

function missingDirectories(path: string): string[] {
  return existsSync(path) ? [] : [...missingDirectories(dirname(path)), path];
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
