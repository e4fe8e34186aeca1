import { basename, dirname } from 'node:path';
import { CcError } from '../../core/errors.ts';
import { type ChangeStatus, type FileChange, parseChanges } from '../changes.ts';
import { diffArguments, patchArguments } from '../diff.ts';
import type { SourceEnvironment } from '../environment.ts';
import { type Git, openGit } from '../git.ts';
import { fitPatch, type OmittedPatch } from '../patch.ts';
import type { RunOptions } from '../run.ts';
import type { NotCaptured } from '../snapshot.ts';
import { SUBMODULE_MODE } from './index-list.ts';
import { isFilledByTools, isGitQuiet, isPrecious } from './names.ts';
import { formatOf, type ObjectFormat } from './object-id.ts';
import { buildTrees, type Leaf } from './pair.ts';
import { isSame, type PathState, permOf, type States, statesOfBoth } from './states.ts';
import type { Area, WholeSnapshot } from './whole.ts';

export type WholeChange = FileChange & {
  area: Area;
  /** Permission bits (octal), where they differ. */
  perm?: { from: string; to: string };
  /** The content of one side was not kept; that it was touched is all that is known. */
  unread?: true;
};

export type WholeDiff = {
  files: WholeChange[];
  patch: string;
  truncated: boolean;
  omitted: OmittedPatch[];
  /** Where a change could have gone unseen. Empty: nothing was missed. */
  not_captured: NotCaptured[];
};

export type CompareOptions = {
  env?: SourceEnvironment;
  /** Size of the patch text; 0: only the list of files. */
  maxPatchBytes?: number;
  /** Only these files, and what is below these directories. */
  only?: readonly string[];
  signal?: AbortSignal;
};

const TIMEOUT_MS = 120_000;
const READ_BYTES = 32 * 1024 * 1024;

/**
 * What differs between two snapshots of one place, over everything either of them saw: a file that one
 * side only shows because the other hides it from git is compared all the same.
 */
export async function compareWhole(
  base: WholeSnapshot,
  after: WholeSnapshot,
  options: CompareOptions = {},
): Promise<WholeDiff> {
  const { env, signal } = options;
  const limits: RunOptions = {
    timeoutMs: TIMEOUT_MS,
    ...(signal === undefined ? {} : { signal }),
  };
  const git = await privateGit(after, env);
  const listing = { ...limits, ...(env === undefined ? {} : { env }) };
  const [from, to] = await statesOfBoth(base, after, listing);
  const changed = changedPaths(from, to).filter((path) => isIn(options.only, path));
  const pair = await comparedByGit(git, changed, from, to, limits, {
    maxBytes: options.maxPatchBytes ?? 0,
    hasRules: base.kind === 'git',
    format: formatOf(after),
  });
  const seen = new Set(pair.files.flatMap(({ path, old_path }) => [path, old_path ?? path]));
  const alone = changed
    .filter((path) => !seen.has(path) && !isEqualToGit(from.at(path), to.at(path)))
    .map((path) => plainChange(path, from.at(path), to.at(path)));
  const files = [...pair.files.map((file) => completed(file, from, to)), ...alone];
  return {
    files: unhidden(files).sort((a, b) => (a.path < b.path ? -1 : 1)),
    patch: pair.patch,
    truncated: pair.truncated,
    omitted: pair.omitted,
    not_captured: missed(from, to),
  };
}

/** Git on the private repository of a snapshot; undefined where it has none. */
export async function privateGit(
  { kind, object_dir }: Pick<WholeSnapshot, 'kind' | 'object_dir'>,
  env: SourceEnvironment | undefined,
): Promise<Git | undefined> {
  if (kind === 'lean') return undefined;
  const gitDir = dirname(object_dir);
  return openGit(gitDir, {
    ...(env === undefined ? {} : { env }),
    repository: { gitDir, workTree: gitDir },
  });
}

/** Paths that differ, except those git itself rewrites all the time. */
export function changedPaths(from: States, to: States): string[] {
  const changed: string[] = [];
  const isChanged = (path: string) => {
    const [before, after] = [from.at(path), to.at(path)];
    const area = (after ?? before)?.area;
    return !isSame(before, after) && !(area === 'git' && isGitQuiet(path));
  };
  for (const path of from.paths()) if (isChanged(path)) changed.push(path);
  for (const path of to.paths()) {
    if (from.at(path) === undefined && isChanged(path)) changed.push(path);
  }
  return changed.sort();
}

function isIn(only: readonly string[] | undefined, path: string): boolean {
  if (only === undefined) return true;
  return only.some((one) => one === '' || path === one || path.startsWith(`${one}/`));
}

type Compared = Pick<WholeDiff, 'patch' | 'truncated' | 'omitted'> & { files: FileChange[] };

/** Renames, line counts and patch of all files whose content is known. */
async function comparedByGit(
  git: Git | undefined,
  changed: readonly string[],
  from: States,
  to: States,
  limits: RunOptions,
  { maxBytes, hasRules, format }: { maxBytes: number; hasRules: boolean; format: ObjectFormat },
): Promise<Compared> {
  const none = { files: [], patch: '', truncated: false, omitted: [] };
  if (git === undefined) return none;
  const comparable = changed.filter(
    (path) => isComparable(from.at(path)) && isComparable(to.at(path)),
  );
  if (comparable.length === 0) return none;
  const leaves = [
    await leavesOf(git, comparable, from, limits),
    await leavesOf(git, comparable, to, limits),
  ];
  const trees = await buildTrees(git, leaves, format, limits);
  const list = await git
    .run(['diff-tree', ...diffArguments(), ...trees], limits)
    .catch((error: unknown) => {
      // Content that was only in the user's repository, which a worker may have destroyed.
      if (error instanceof CcError && error.code === 'COMMAND_FAILED') return undefined;
      throw error;
    });
  if (list === undefined) return none;
  const files = parseChanges(list.stdout);
  if (maxBytes === 0) {
    const omitted = files.map(({ path }) => ({ path, shown_bytes: 0 }));
    return { files, patch: '', truncated: files.length > 0, omitted };
  }
  // Ignored because they hold secrets: that they changed is told, their content goes nowhere. Without
  // git nobody has said what is to be ignored, and their names must do.
  const isShown = ({ path }: FileChange) =>
    !isPrecious(path) || (hasRules && areaOf(from.at(path), to.at(path)) !== 'ignored');
  const hidden = files.filter((file) => !isShown(file));
  const where = hidden.map(({ path }) => `:(top,exclude,literal)${path}`);
  const raw = await git.run(
    ['diff-tree', ...patchArguments(), ...trees, '--', ':(top)', ...where],
    {
      ...limits,
      maxBytes: READ_BYTES,
      cutAtLimit: true,
    },
  );
  const fitted = fitPatch(raw.stdout, files.filter(isShown), { maxBytes, complete: !raw.cut });
  const omitted = [...fitted.omitted, ...hidden.map(({ path }) => ({ path, shown_bytes: 0 }))];
  return { files, patch: fitted.text, truncated: omitted.length > 0, omitted };
}

/** A link that one side knows by its blob and the other by its target. */
function isEqualToGit(before: PathState | undefined, after: PathState | undefined): boolean {
  if (before?.mode !== '120000' || after?.mode !== '120000') return false;
  return isComparable(before) && isComparable(after);
}

function isComparable(state: PathState | undefined): boolean {
  if (state === undefined) return true;
  if (state.mode === SUBMODULE_MODE || state.mode === 'other') return false;
  return state.oid !== undefined || state.link !== undefined;
}

async function leavesOf(
  git: Git,
  paths: readonly string[],
  states: States,
  limits: RunOptions,
): Promise<Leaf[]> {
  const leaves: Leaf[] = [];
  for (const path of paths) {
    const state = states.at(path);
    if (state === undefined) continue;
    const { mode, link } = state;
    const oid = state.oid ?? (link === undefined ? undefined : await linkBlob(git, link, limits));
    if (oid !== undefined) leaves.push({ path, mode, oid });
  }
  return leaves;
}

function linkBlob(git: Git, link: string, limits: RunOptions): Promise<string> {
  return git.text(['hash-object', '-w', '--stdin'], { ...limits, input: link });
}

function completed(file: FileChange, from: States, to: States): WholeChange {
  const before = from.at(file.old_path ?? file.path);
  const after = to.at(file.path);
  return { ...file, area: areaOf(before, after), ...permChange(before, after) };
}

/** Nothing that git could compare: content that was not kept, a submodule, or permissions alone. */
function plainChange(
  path: string,
  before: PathState | undefined,
  after: PathState | undefined,
): WholeChange {
  const isKept = [before, after].every((state) => state === undefined || state.oid !== undefined);
  const isOnlyMode = isKept && before?.oid === after?.oid;
  const area = areaOf(before, after);
  return {
    path,
    status: statusOf(before, after, isOnlyMode),
    added: isOnlyMode ? 0 : null,
    deleted: isOnlyMode ? 0 : null,
    binary: !isOnlyMode,
    artifact: area === 'artifact',
    area,
    ...(isKept ? {} : { unread: true as const }),
    ...permChange(before, after),
  };
}

function statusOf(
  before: PathState | undefined,
  after: PathState | undefined,
  isOnlyMode: boolean,
): ChangeStatus {
  if (before === undefined) return 'added';
  if (after === undefined) return 'deleted';
  if (isOnlyMode) return 'mode';
  return before.mode.slice(0, 2) === after.mode.slice(0, 2) ? 'modified' : 'typechange';
}

/** What git showed once stays source, whoever hides it afterwards. */
function areaOf(before: PathState | undefined, after: PathState | undefined): Area {
  const areas = [before?.area, after?.area];
  return areas.includes('source') ? 'source' : (after?.area ?? before?.area ?? 'source');
}

/** New files that only a new ignore rule hides are source: otherwise a worker could choose what counts. */
function unhidden(files: readonly WholeChange[]): WholeChange[] {
  const rules = files
    .filter(({ path }) => basename(path) === '.gitignore')
    .map(({ path }) => (path === '.gitignore' ? '' : `${dirname(path)}/`));
  return files.map((file) => {
    const isHidden =
      file.area === 'ignored' &&
      file.status === 'added' &&
      !file.path.split('/').some(isFilledByTools) &&
      rules.some((directory) => file.path.startsWith(directory));
    return isHidden ? { ...file, area: 'source' } : file;
  });
}

function permChange(
  before: PathState | undefined,
  after: PathState | undefined,
): Pick<WholeChange, 'perm'> {
  if (before === undefined || after === undefined) return {};
  if (before.mode.slice(0, 2) !== '10' || after.mode.slice(0, 2) !== '10') return {};
  const [from, to] = [permOf(before), permOf(after)];
  return from === to ? {} : { perm: { from: from.toString(8), to: to.toString(8) } };
}

/** Unreadable before and after, and not touched in between, is no gap: nobody could write there. */
function missed(from: States, to: States): NotCaptured[] {
  const gaps = [...from.not_captured, ...to.not_captured].filter(({ path, reason }) => {
    if (reason === 'too_many') return true;
    if (reason !== 'unreadable') return false;
    const [before, after] = [from.at(path), to.at(path)];
    return before === undefined || after === undefined || !isSame(before, after);
  });
  return [...new Map(gaps.map((item) => [`${item.reason} ${item.path}`, item])).values()];
}
