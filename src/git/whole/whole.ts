import type { NotCaptured, Snapshot } from '../snapshot.ts';

/**
 * Where a changed file belongs. `source`: git shows it, or it lies in a repository inside this one.
 * `git`: the repository's own files. `artifact`: our workspace, as far as we do not write there
 * ourselves.
 */
export type Area = 'source' | 'artifact' | 'ignored' | 'git';

/**
 * `git`: a repository of the user's. `plain`: a directory without one. `listed`: a plain directory too
 * large for its content to be kept as a tree. `lean`: only what a look at every file tells.
 */
export type SnapshotKind = 'git' | 'plain' | 'listed' | 'lean';

/** The tree, and what git does not show: together every file below `root`. */
export type WholeSnapshot = Omit<Snapshot, 'not_captured'> & {
  kind: SnapshotKind;
  /** File with everything that is not in the tree (`Rest`). */
  rest: string;
  /** File that lists the tree; absent where there is none. */
  index?: string;
  /** Of a user's repository: where it keeps its parts, so that a worker cannot send us elsewhere. */
  repository?: { git_dir: string; common_dir: string; object_format: 'sha1' | 'sha256' };
  /** The commit at that time; null where there is none. */
  head: string | null;
  /** Milliseconds since 1970. */
  taken: number;
};

/** One file outside the tree. */
export type RestEntry = {
  path: string;
  area: Area;
  /** `st_mode`, type and all permission bits. */
  mode: number;
  /** Size, times and inode: differs when the file was touched (`printOf`). */
  print: string;
  /** Blob in the private repository, where the content was kept. */
  oid?: string;
  /** Target, of a symbolic link. */
  link?: string;
};

export type Rest = {
  entries: RestEntry[];
  /** Permission bits of files in the tree, where they are not the usual ones. */
  perms: Record<string, number>;
  /** Prints of files in the tree that an earlier snapshot could only list. */
  prints: Record<string, string>;
  /** Absent in snapshots of earlier versions. */
  folders?: Folders;
  not_captured: NotCaptured[];
};

/** What no list of files tells: whoever restores a place needs it. */
export type Folders = {
  /** Of the process that looked; it says what the usual permission bits are. */
  umask: number;
  /** Directories with nothing in them. */
  empty: readonly string[];
  /** Permission bits of directories, where they are not the usual ones. */
  perms: Readonly<Record<string, number>>;
};
