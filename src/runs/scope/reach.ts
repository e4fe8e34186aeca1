import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { isProtectedPath } from '../../workers/claude/protected-paths.ts';
import { alternatives, parseGlob, type ScopeGlob } from './globs.ts';
import { kindOf } from './kind-of.ts';

/** What of a scope the operating system can hold: directories, absolute. */
export type Reach = {
  /** With all that is in them. */
  writable: string[];
  /**
   * Single files. Editors replace a file by another one beside it, so its directory must be writable;
   * what else is there is held one by one, and only new names are not.
   */
  files: string[];
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
  const globs = paths
    .flatMap(alternatives)
    .map(parseGlob)
    .filter(({ glob }) => glob !== '');
  const reach: Reach = { writable: [], files: [], readOnly: [], missing: [], coarse: [] };
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
  const isInside = (path: string) =>
    outermost.some((other) => path === other || path.startsWith(other + sep));
  return {
    writable: unique(outermost),
    files: unique(reach.files.filter((path) => !isInside(dirname(path)))),
    readOnly: unique(reach.readOnly),
    missing: unique(reach.missing),
    coarse: unique(reach.coarse.filter((path) => !isWhole(path, globs, place.cwd))),
  };
}

function give(reach: Reach, glob: ScopeGlob, path: string): void {
  const kind = kindOf(path);
  if (kind === 'other' || (kind === 'directory' && glob.isPlain)) return;
  const directory = glob.isPlain ? dirname(path) : path;
  if (glob.isPlain) reach.files.push(path);
  else reach.writable.push(directory);
  reach.missing.push(...missingDirectories(directory));
  if (!glob.isWhole) reach.coarse.push(directory);
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

function nearestExisting(path: string): string {
  return kindOf(path) === 'missing' ? nearestExisting(dirname(path)) : path;
}

function missingDirectories(path: string): string[] {
  return existsSync(path) ? [] : [...missingDirectories(dirname(path)), path];
}

/** Directories that are writable for the sake of single files. */
export function directoriesOfFiles({ files }: Reach): string[] {
  return unique(files.map((path) => dirname(path)));
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
