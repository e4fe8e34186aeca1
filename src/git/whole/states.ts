import type { SourceEnvironment } from '../environment.ts';
import type { TreeEntry } from '../index-entries.ts';
import type { RunOptions } from '../run.ts';
import type { NotCaptured } from '../snapshot.ts';
import { listIndex, SUBMODULE_MODE } from './index-list.ts';
import { readRest } from './rest-file.ts';
import type { Area, Folders, RestEntry, WholeSnapshot } from './whole.ts';

/** One path at the time of a snapshot. */
export type PathState = {
  area: Area;
  /** As git writes it: 100644, 100755, 120000, 160000; `other` for a socket or an unreadable directory. */
  mode: string;
  /** Permission bits, where they are known to be unusual or the file is not in the tree. */
  perm?: number;
  /** Blob with the content; for a submodule, its commit. */
  oid?: string;
  link?: string;
  /** What tells that it was touched, where the content was not kept. */
  print?: string;
};

export type States = {
  at(path: string): PathState | undefined;
  paths(): Iterable<string>;
  folders: Folders | undefined;
  not_captured: readonly NotCaptured[];
};

const TYPES: Readonly<Record<number, string>> = {
  32768: '100644', // S_IFREG
  40960: '120000', // S_IFLNK
};
const TYPE_MASK = 0o170000;

type Limits = RunOptions & { env?: SourceEnvironment };

/** Of two snapshots of one place. The same tree holds the same files, and is listed once. */
export async function statesOfBoth(
  base: WholeSnapshot,
  after: WholeSnapshot,
  limits: Limits,
): Promise<[base: States, after: States]> {
  const tree = listIndex(base.index, limits);
  const isListed = base.index !== undefined && after.index !== undefined;
  const isSameTree = isListed && base.tree === after.tree;
  return Promise.all([
    statesOf(base, tree),
    statesOf(after, isSameTree ? tree : listIndex(after.index, limits)),
  ]);
}

/** Every path of a snapshot: what the tree holds, and what lies beside it. */
async function statesOf(
  snapshot: WholeSnapshot,
  listing: Promise<ReadonlyMap<string, TreeEntry>>,
): Promise<States> {
  const [tree, rest] = await Promise.all([listing, readRest(snapshot.rest)]);
  const beside = new Map(rest.entries.map((entry) => [entry.path, entry]));
  const large = new Set(
    rest.not_captured.flatMap((item) => (item.reason === 'large' ? item.path : [])),
  );
  return {
    folders: rest.folders,
    not_captured: rest.not_captured,
    at: (path) => {
      const entry = beside.get(path);
      if (entry !== undefined) return stateOf(entry);
      const inTree = tree.get(path);
      if (inTree === undefined) return undefined;
      const { mode, oid } = inTree;
      const perm = rest.perms[path];
      const print = rest.prints[path];
      return {
        area: 'source',
        mode,
        // A few lines stand for a large file; whoever restores must not take them for its content.
        ...(large.has(path) ? { print: oid } : { oid }),
        ...(perm === undefined ? {} : { perm }),
        ...(print === undefined ? {} : { print }),
      };
    },
    paths: function* () {
      for (const path of tree.keys()) yield path;
      for (const path of beside.keys()) if (!tree.has(path)) yield path;
    },
  };
}

function stateOf({ area, mode, print, oid, link }: RestEntry): PathState {
  const type = TYPES[mode & TYPE_MASK] ?? 'other';
  return {
    area,
    mode: type === '100644' && (mode & 0o100) !== 0 ? '100755' : type,
    perm: mode & 0o7777,
    print,
    ...(oid === undefined ? {} : { oid }),
    ...(link === undefined ? {} : { link }),
  };
}

/** Whether somebody changed it between the two. Where no content can tell, any touch counts. */
export function isSame(before: PathState | undefined, after: PathState | undefined): boolean {
  if (before === undefined || after === undefined) return before === after;
  if (before.mode !== after.mode) return false;
  if (before.mode === SUBMODULE_MODE) return before.oid === after.oid;
  if (before.link !== undefined && after.link !== undefined) return before.link === after.link;
  if (!samePermissions(before, after)) return false;
  if (before.oid !== undefined && after.oid !== undefined) return before.oid === after.oid;
  return before.print !== undefined && before.print === after.print;
}

function samePermissions(before: PathState, after: PathState): boolean {
  if (before.mode === '120000') return true;
  // Of a file in the tree with usual bits only the executable one is known, and the mode has that.
  if (before.perm === undefined && after.perm === undefined) return true;
  return permOf(before) === permOf(after);
}

export function permOf({ perm, mode }: PathState): number {
  if (perm !== undefined) return perm;
  return (mode === '100755' ? 0o777 : 0o666) & ~process.umask();
}
