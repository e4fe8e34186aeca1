import { dirname } from 'node:path';
import { type CompareOptions, changedPaths } from './compare.ts';
import { SUBMODULE_MODE } from './index-list.ts';
import { blobId, formatOf, type ObjectFormat } from './object-id.ts';
import { type PathState, type States, statesOfBoth } from './states.ts';
import type { Area, WholeSnapshot } from './whole.ts';

/** One path at the time of a snapshot, with all that tells whether it is still so. */
export type Then = {
  kind: 'file' | 'link' | 'submodule' | 'other';
  area: Area;
  perm: number;
  /** Git's name of its content (of a link: of its target), where that was kept. */
  oid?: string;
  /** Target of a link, where the snapshot has it beside its blob. */
  link?: string;
  /** What tells that it was touched. */
  print?: string;
};

export type PathDifference = { path: string; before: Then | undefined; after: Then | undefined };

/** Permission bits of a directory; null where there was none. */
export type FolderDifference = { path: string; before: number | null; after: number | null };

export type Differences = {
  /** Paths that differ; what git rewrites all the time is left out. */
  files: PathDifference[];
  folders: FolderDifference[];
  /** Directories of the first snapshot: their permission bits. */
  folderBefore(path: string): number | undefined;
  /** Any path, also of those that did not change. */
  before(path: string): Then | undefined;
  after(path: string): Then | undefined;
  pathsAfter(): Iterable<string>;
};

const TIMEOUT_MS = 120_000;

/** What differs between two snapshots of one place, exact enough to go back from one to the other. */
export async function differencesOf(
  base: WholeSnapshot,
  after: WholeSnapshot,
  { env, signal }: Pick<CompareOptions, 'env' | 'signal'> = {},
): Promise<Differences> {
  const limits = {
    timeoutMs: TIMEOUT_MS,
    ...(signal === undefined ? {} : { signal }),
    ...(env === undefined ? {} : { env }),
  };
  const [from, to] = await statesOfBoth(base, after, limits);
  const format = formatOf(base);
  const before = (path: string) => thenOf(from, path, format);
  const now = (path: string) => thenOf(to, path, format);
  const [foldersBefore, foldersAfter] = [foldersOf(from), foldersOf(to)];
  return {
    files: changedPaths(from, to).map((path) => ({ path, before: before(path), after: now(path) })),
    folders: folderDifferences(foldersBefore, foldersAfter),
    folderBefore: (path) => foldersBefore.get(path),
    before,
    after: now,
    pathsAfter: () => to.paths(),
  };
}

const KINDS: Readonly<Record<string, Then['kind']>> = {
  '100644': 'file',
  '100755': 'file',
  '120000': 'link',
  [SUBMODULE_MODE]: 'submodule',
};

function thenOf(states: States, path: string, format: ObjectFormat): Then | undefined {
  const state = states.at(path);
  if (state === undefined) return undefined;
  const { area, mode, link, print } = state;
  const kind = KINDS[mode] ?? 'other';
  const oid = link === undefined ? state.oid : blobId(Buffer.from(link), format);
  return {
    kind,
    area,
    perm: permThen(state, states),
    ...(oid === undefined || kind === 'submodule' ? {} : { oid }),
    ...(link === undefined ? {} : { link }),
    ...(print === undefined ? {} : { print }),
  };
}

/** Usual bits are not written down; what is usual depends on who looked. */
function permThen({ perm, mode }: PathState, { folders }: States): number {
  const umask = folders?.umask ?? process.umask();
  return perm ?? (mode === '100755' ? 0o777 : 0o666) & ~umask;
}

/** Every directory there was, as far as it was looked into, with its permission bits. */
function foldersOf(states: States): Map<string, number> {
  const { folders } = states;
  const usual = 0o777 & ~(folders?.umask ?? process.umask());
  const known = new Map<string, number>();
  const add = (folder: string) => {
    for (let at = folder; at !== '.' && at !== '/' && !known.has(at); at = dirname(at)) {
      known.set(at, folders?.perms[at] ?? usual);
    }
  };
  for (const path of states.paths()) add(dirname(path));
  for (const path of [...(folders?.empty ?? []), ...Object.keys(folders?.perms ?? {})]) add(path);
  return known;
}

function folderDifferences(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): FolderDifference[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((path) => ({
      path,
      before: before.get(path) ?? null,
      after: after.get(path) ?? null,
    }))
    .filter((folder) => folder.before !== folder.after)
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
