import { type BigIntStats, type Dirent, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { AGENT_WORKSPACE } from '../artifact.ts';
import type { NotCaptured } from '../snapshot.ts';
import { holdsObjects, isFilledByTools } from './names.ts';
import type { Area, Folders, RestEntry } from './whole.ts';

/** Some two seconds of looking; 30 000 files of node_modules are a quarter of it. */
export const MAX_ENTRIES = 200_000;
const PAUSE_EVERY = 200;
const PLACES_NAMED = 50;
const DIRECTORY_MODE = 0o040000;
const TYPE_MASK = 0o170000;
const PERMISSION_MASK = 0o7777;

export type WalkOptions = {
  /** Files the tree holds already. */
  isKnown: (path: string) => boolean;
  /** What a file is that the tree does not hold. */
  area: Area;
  /** Git directories that are not `.git` below the root, with the name they get here. */
  gitDirs?: readonly { directory: string; name: string }[];
  /** Absolute directories that are left out. */
  exclude?: readonly string[];
  /** Directories that tools fill are left out. */
  skipFilled?: boolean;
  /** Known files whose print is wanted all the same. */
  wanted?: ReadonlySet<string>;
  maxEntries?: number | undefined;
};

export type Walked = {
  entries: RestEntry[];
  perms: Record<string, number>;
  prints: Record<string, string>;
  folders: Folders;
  not_captured: NotCaptured[];
};

/**
 * Every file below `root` that the tree does not hold: ignored ones, those in repositories inside this
 * one, git's own. What git would look away from is found because nobody asks git.
 */
export async function walkRest(root: string, options: WalkOptions): Promise<Walked> {
  const { isKnown, exclude = [], wanted, maxEntries = MAX_ENTRIES } = options;
  const umask = process.umask();
  const folders = { umask, empty: [] as string[], perms: {} as Record<string, number> };
  const walked: Walked = { entries: [], perms: {}, prints: {}, folders, not_captured: [] };
  const usual = usualPermissions();
  const first: Place[] = [{ directory: root, path: '', area: options.area }];
  const last: Place[] = [];
  for (const { directory, name } of options.gitDirs ?? []) {
    first.push({ directory, path: name, area: 'git', inGit: '' });
  }
  let looked = 0;
  let places = 0;
  for (let place = first.pop(); place !== undefined; place = first.pop() ?? last.pop()) {
    if (exclude.includes(place.directory)) continue;
    if (looked >= maxEntries) {
      walked.not_captured.push({ path: place.path, reason: 'too_many' });
      if (walked.not_captured.length >= PLACES_NAMED) break;
      continue;
    }
    places += 1;
    if (places % PAUSE_EVERY === 0) await setImmediate();
    const names = namesIn(place.directory);
    if (names === undefined) {
      unreadable(walked, place);
      continue;
    }
    if (options.skipFilled !== true && place.path !== '' && !place.filled) {
      if (names.length === 0) folders.empty.push(place.path);
      const perm = Number(statsOf(place.directory)?.mode ?? 0) & PERMISSION_MASK;
      if (perm !== (0o777 & ~umask)) folders.perms[place.path] = perm;
    }
    const isNested = place.path !== '' && place.inGit === undefined && hasGit(names);
    const here = isNested && place.area === 'ignored' && !place.filled ? 'source' : place.area;
    for (const entry of names) {
      const path = place.path === '' ? entry.name : `${place.path}/${entry.name}`;
      // Not `join`, which would cost as much as the look at the file.
      const full = `${place.directory}${sep}${entry.name}`;
      if (entry.isDirectory()) {
        const next = below({ ...place, area: here }, entry.name, path, full);
        if (next === undefined || (next.filled && options.skipFilled)) continue;
        (next.filled ? last : first).push(next);
        continue;
      }
      if (isLeftOut(place, entry.name)) continue;
      looked += 1;
      const stats = statsOf(full);
      if (stats === undefined) {
        walked.not_captured.push({ path, reason: 'unreadable' });
      } else if (place.inGit === undefined && isKnown(path)) {
        const perm = Number(stats.mode) & PERMISSION_MASK;
        if (!usual.has(perm) && !stats.isSymbolicLink()) walked.perms[path] = perm;
        if (wanted?.has(path)) walked.prints[path] = printOf(stats);
      } else {
        walked.entries.push(entryOf(path, full, isGitName(entry.name) ? 'git' : here, stats));
      }
    }
  }
  return walked;
}

type Place = {
  directory: string;
  path: string;
  area: Area;
  /** Below a directory that tools fill. */
  filled?: boolean;
  /** Path inside a git directory. */
  inGit?: string;
};

/** What is below `name`; undefined where nothing has to be looked at. */
function below(place: Place, name: string, path: string, directory: string): Place | undefined {
  if (place.inGit !== undefined) {
    const inGit = place.inGit === '' ? name : `${place.inGit}/${name}`;
    if (holdsObjects(inGit)) return undefined;
    const filled = place.filled === true || isGitStore(inGit);
    return { directory, path, area: 'git', inGit, filled };
  }
  if (isGitName(name)) return { directory, path, area: 'git', inGit: '' };
  if (path === AGENT_WORKSPACE) return { directory, path, area: 'artifact' };
  if (place.area === 'artifact') return isOurs(path) ? undefined : { ...place, directory, path };
  const filled = place.filled === true || isFilledByTools(name);
  const area = filled && place.area === 'source' && !place.filled ? 'ignored' : place.area;
  return { directory, path, area, filled };
}

/** We write there ourselves all the time. What decides how we work is looked at. */
function isOurs(path: string): boolean {
  const [, product, part] = path.split('/');
  return product === 'claude-code-orchestrator' && part !== undefined && part !== 'policies';
}

function isLeftOut(place: Place, name: string): boolean {
  // Files beside the run directories: ours, written while runs go on.
  return place.area === 'artifact' && place.path.includes('/') && name.endsWith('.json');
}

function isGitStore(inGit: string): boolean {
  return inGit === 'lfs' || inGit === 'annex' || inGit === 'svn';
}

function isGitName(name: string): boolean {
  return name.length === 4 && name.toLowerCase() === '.git';
}

function hasGit(names: readonly Dirent[]): boolean {
  return names.some(({ name }) => isGitName(name));
}

/** A directory nobody can look into must at least be the same one as before. */
function unreadable(walked: Walked, { directory, path, area }: Place): void {
  const stats = statsOf(directory);
  if (stats === undefined) return; // gone in the meantime
  walked.not_captured.push({ path, reason: 'unreadable' });
  walked.entries.push({ path, area, mode: Number(stats.mode), print: printOf(stats) });
}

function entryOf(path: string, full: string, area: Area, stats: BigIntStats): RestEntry {
  const entry: RestEntry = { path, area, mode: Number(stats.mode), print: printOf(stats) };
  if (stats.isSymbolicLink()) entry.link = linkOf(full);
  return entry;
}

/** Equal prints mean an untouched file: the time of change cannot be set by anybody. */
export function printOf(stats: BigIntStats): string {
  return `${stats.size} ${stats.mtimeNs} ${stats.ctimeNs} ${stats.ino}`;
}

export function isDirectoryMode(mode: number): boolean {
  return (mode & TYPE_MASK) === DIRECTORY_MODE;
}

function statsOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function namesIn(directory: string): Dirent[] | undefined {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return undefined;
  }
}

/** Those that a new file gets here; git can tell the two apart by itself. */
function usualPermissions(): ReadonlySet<number> {
  const umask = process.umask();
  return new Set([0o666 & ~umask, 0o777 & ~umask]);
}
