import { join } from 'node:path';
import { CcError } from '../core/errors.ts';
import { readableBlobs } from '../git/whole/blobs.ts';
import {
  type Differences,
  differencesOf,
  type PathDifference,
  type Then,
} from '../git/whole/differences.ts';
import { formatOf, type ObjectFormat } from '../git/whole/object-id.ts';
import type { ChangedFile } from '../runs/artifacts/changed-files.ts';
import type { Host } from '../workspace/host.ts';
import { arrange } from './arrange.ts';
import { type FileState, isSameState, lookAtFile, lstatOf } from './file-state.ts';
import { gitDirOf, isBookkeeping, isPosition } from './git-area.ts';
import { indexStep } from './index-step.ts';
import type { Folder, Step } from './operation.ts';
import type { RunSnapshots } from './snapshots-of.ts';
import { placeIn, type Tree } from './tree.ts';

export type RollbackRequest = {
  /** Only these files and directories, from the root; undefined: all. */
  paths: readonly string[] | undefined;
  /** Take back where the repository stands, too. */
  refs: boolean;
};

export type RollbackPlan = {
  tree: Tree;
  format: ObjectFormat;
  steps: Step[];
  folders: Folder[];
  purge: string[];
  /** Sizes of the contents that are to be restored, by id. */
  blobs: Map<string, number>;
  /** Already as it was before the run. */
  already: number;
  /** Changed by somebody since the run; they would be lost. */
  conflicts: string[];
  /** Their content was not kept. */
  not_restorable: string[];
  /** Changed during the run, but not by a call of its; left alone unless they are named. */
  unattributed: string[];
  /** Left as it is, and why. */
  left: string[];
  /** The repository stands elsewhere than before the run. */
  moved: boolean;
};

/** Decides what putting back a run's changes means now. Looks at every file concerned, writes nothing. */
export async function planRollback(
  host: Host,
  { changes, base, after, tree }: RunSnapshots,
  request: RollbackRequest,
): Promise<RollbackPlan> {
  const differences = await differencesOf(base, after, { env: host.env });
  const format = formatOf(base);
  const found: RollbackPlan = {
    tree,
    format,
    steps: [],
    folders: [],
    purge: [],
    blobs: new Map(),
    already: 0,
    conflicts: [],
    not_restorable: [],
    unattributed: [],
    left: [],
    moved: base.head !== after.head,
  };
  const wanted = wantedBy(request.paths);
  const made = madeRepositories(differences, tree);
  const files = chosen(differences, changes.files, request, made, found);
  found.blobs = await readableBlobs(
    base,
    files.flatMap(({ before }) => (before?.link === undefined ? (before?.oid ?? []) : [])),
    host.env,
  );
  for (const file of files) addStep(file, found, marksOf(changes.files));
  for (const gitDir of made.filter((path) => wanted(path))) addPurge(gitDir, differences, found);
  const restores = request.paths === undefined || wanted('.git/index');
  if (restores && (!found.moved || request.refs)) {
    const step = await indexStep(host, { base, after, tree, differences });
    if (step === 'changed since') found.left.push('.git/index (changed since)');
    else if (step !== undefined) {
      found.steps.push(step);
      const oid = step.target?.oid ?? '';
      const sizes = await readableBlobs(base, [oid], host.env);
      for (const [id, size] of sizes) found.blobs.set(id, size);
    }
  }
  const inPurged = (path: string) => found.purge.some((gone) => `${path}/`.startsWith(`${gone}/`));
  const folders = differences.folders
    .filter(({ path }) => wanted(path) && !inPurged(path) && !isInGit(path, tree, request))
    .map(({ path, before, after: now }) => ({ path, before: now, target: before }));
  const arranged = arrange(tree, format, found.steps, folders, (path) => {
    return differences.folderBefore(path) ?? 0o777 & ~process.umask();
  });
  found.folders = arranged.folders.filter((folder) => isFolderOpen(folder, tree));
  found.conflicts = [...new Set([...found.conflicts, ...arranged.obstacles])].sort();
  return found;
}

/** Directories of git's own are only of interest where the run made or emptied branches. */
function isInGit(path: string, tree: Tree, { refs }: RollbackRequest): boolean {
  const gitDir = gitDirOf(`${path}/x`, tree.outside);
  if (gitDir === undefined) return false;
  return isBookkeeping(path) || (!refs && isPosition(`${path}/x`));
}

function isFolderOpen({ path, target }: Folder, tree: Tree): boolean {
  return target !== null || lstatOf(placeIn(tree, path))?.isDirectory() === true;
}

function wantedBy(paths: readonly string[] | undefined): (path: string) => boolean {
  return (path) =>
    paths === undefined ||
    paths.some((one) => one === '' || path === one || path.startsWith(`${one}/`));
}

type Marks = ReadonlyMap<string, ChangedFile>;

function marksOf(files: readonly ChangedFile[]): Marks {
  return new Map(
    files.flatMap((file) => [
      ...(file.old_path === undefined ? [] : [[file.old_path, file] as const]),
      [file.path, file] as const,
    ]),
  );
}

/** The differences that are the run's, were asked for, and are not about where the repository stands. */
function chosen(
  { files }: Differences,
  told: readonly ChangedFile[],
  { paths, refs }: RollbackRequest,
  made: readonly string[],
  found: RollbackPlan,
): PathDifference[] {
  const marks = marksOf(told);
  const wanted = wantedBy(paths);
  return files.filter(({ path, before, after }) => {
    if (!wanted(path)) return false;
    const area = (after ?? before)?.area;
    if (area === 'git') {
      const gitDir = gitDirOf(path, found.tree.outside);
      if (gitDir !== undefined && made.includes(gitDir)) return false;
      if (isBookkeeping(path)) return false;
      if (isPosition(path)) found.moved = true;
      if (isPosition(path) && !refs) return false;
    }
    const mark = marks.get(path);
    // A list that was cut names what matters most; the rest is what tools filled.
    const isAnothers =
      mark === undefined ? !(area === 'ignored' && before === undefined) : isForeign(mark);
    if (!isAnothers || paths?.includes(path)) return true;
    found.unattributed.push(path);
    return false;
  });
}

function isForeign({ by, generated }: ChangedFile): boolean {
  return by === 'unattributed' && generated !== true;
}

function addStep({ path, before, after }: PathDifference, found: RollbackPlan, marks: Marks): void {
  const { tree, format } = found;
  if (before?.kind === 'submodule' || after?.kind === 'submodule') {
    // What is inside of it is a file like any other; its commit is where it stands.
    found.left.push(`${path} (submodule)`);
    return;
  }
  const now = lookAtFile(placeIn(tree, path), format);
  if (isSameState(now, before)) {
    found.already += 1;
    return;
  }
  const target = before === undefined ? null : targetOf(before, found.blobs);
  if (target === undefined) {
    if (marks.get(path)?.generated === true) found.left.push(`${path} (cache of a tool)`);
    else found.not_restorable.push(path);
    return;
  }
  if (!isSameState(now, after)) found.conflicts.push(path);
  found.steps.push({ path, before: now ?? null, target });
}

/** Undefined where it cannot be restored. */
function targetOf(before: Then, blobs: ReadonlyMap<string, number>): FileState | undefined {
  const { kind, perm, oid, link } = before;
  if (kind === 'link' && link !== undefined && oid !== undefined) return { kind, perm, oid, link };
  if (kind !== 'file' && kind !== 'link') return undefined;
  return oid === undefined || !blobs.has(oid) ? undefined : { kind, perm, oid };
}

/** Git directories that the run made, or cloned. */
function madeRepositories(differences: Differences, { outside }: Tree): string[] {
  const made = new Set<string>();
  for (const { path, before, after } of differences.files) {
    if (after?.area !== 'git' || before !== undefined) continue;
    const gitDir = gitDirOf(path, outside);
    if (gitDir === undefined || outside.includes(gitDir)) continue;
    if (path === `${gitDir}/HEAD`) made.add(gitDir);
  }
  return [...made].sort();
}

function addPurge(gitDir: string, differences: Differences, found: RollbackPlan): void {
  const { tree, format } = found;
  if (lstatOf(placeIn(tree, gitDir))?.isDirectory() !== true) return;
  for (const { path, after } of differences.files) {
    if (!path.startsWith(`${gitDir}/`) || isBookkeeping(path)) continue;
    const now = lookAtFile(join(tree.root, path), format);
    if (!isSameState(now, after)) found.conflicts.push(path);
  }
  found.purge.push(gitDir);
}

export function requireKnownPaths(paths: readonly string[] | undefined): string[] | undefined {
  return paths?.map((given) => {
    const path = given
      .replaceAll('\\', '/')
      .replace(/^(?:\.\/)+/, '')
      .replace(/\/+$/, '');
    if (!path.startsWith('/') && !path.split('/').includes('..')) return path === '.' ? '' : path;
    throw new CcError('BAD_INPUT', `Not a path of the project: ${JSON.stringify(given)}`, {
      hint: 'Give paths from the top of the project, as cc_diff_summary lists them.',
    });
  });
}
