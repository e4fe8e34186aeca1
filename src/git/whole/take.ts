import { mkdir, realpath } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { CcError } from '../../core/errors.ts';
import type { SourceEnvironment } from '../environment.ts';
import { openGit } from '../git.ts';
import { preparePrivateRepository } from '../private-repository.ts';
import { locate, type WorkTree } from '../repository.ts';
import type { RunOptions } from '../run.ts';
import { type NotCaptured, type SnapshotOptions, snapshotOf } from '../snapshot.ts';
import { EMPTY_TREE } from './empty-tree.ts';
import { keepIndex, listIndex, SUBMODULE_MODE } from './index-list.ts';
import { keepContent, sizeOf } from './keep.ts';
import { isFilledByTools } from './names.ts';
import { readRest, writeRest } from './rest-file.ts';
import { isDirectoryMode, walkRest } from './walk.ts';
import type { Rest, RestEntry, SnapshotKind, WholeSnapshot } from './whole.ts';

export type WholeOptions = Pick<SnapshotOptions, 'privateDir' | 'env' | 'exclude' | 'signal'> & {
  /** The top of a directory without git; else `cwd` itself. */
  plainRoot?: string;
  /** The snapshot this one will be compared with: same place, and its work is not done twice. */
  earlier?: WholeSnapshot;
  /** Only look at every file, and keep no content: milliseconds, for who may not change anything. */
  lean?: boolean;
  maxEntries?: number;
};

/** More than this is no project; it is watched, and its smaller files are kept. */
const PLAIN_FILES = 20_000;
const PLAIN_BYTES = 1 << 30;
const PLAIN_LOOKS = 50_000;
/** Enough for a person's project, and done in a blink where nobody waits for it. */
const LEAN_ENTRIES = 20_000;
const TIMEOUT_MS = 10 * 60_000;

/**
 * Everything below the root of a working tree (or of a directory without git): the tree that git
 * shows, and beside it ignored files, repositories inside it and git's own files. Nothing of the user's
 * is written, and no configuration of theirs is read beyond what finding the root needs.
 */
export async function takeWhole(cwd: string, options: WholeOptions): Promise<WholeSnapshot> {
  const { earlier, env } = options;
  const taken = Date.now();
  const privateDir = resolve(options.privateDir);
  const place = earlier === undefined ? await find(cwd, options) : placeOf(earlier);
  const limits: RunOptions = {
    timeoutMs: TIMEOUT_MS,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  const kind = earlier?.kind ?? (await kindOf(place, options));
  const { tree, not_captured } = await treeOf(place, kind, options);
  const index = kind === 'git' || kind === 'plain' ? await keepIndex(privateDir) : undefined;
  const listing = { ...limits, ...(env === undefined ? {} : { env }) };
  const open = { gitDir: privateDir, workTree: place.root };
  const git =
    kind === 'lean'
      ? undefined
      : await openGit(place.root, { ...(env === undefined ? {} : { env }), repository: open });
  const known = await listIndex(index, listing);
  const before = earlier === undefined ? undefined : await readRest(earlier.rest);
  const walked = await walkRest(place.root, {
    isKnown: (path) => known.has(path) && known.get(path)?.mode !== SUBMODULE_MODE,
    area: kind === 'git' || kind === 'plain' ? 'ignored' : 'source',
    gitDirs: gitDirsOf(place),
    ...(options.exclude === undefined ? {} : { exclude: options.exclude }),
    ...(before === undefined ? {} : { wanted: withoutContent(before.entries) }),
    maxEntries: options.maxEntries ?? (kind === 'lean' ? LEAN_ENTRIES : undefined),
  });
  if (git !== undefined) {
    const earlierTree = await listIndex(earlier?.index, listing);
    const entries = new Map(before?.entries.map((entry) => [entry.path, entry]));
    await keepContent(git, walked.entries, {
      root: place.root,
      earlier: entries,
      earlierTaken: earlier?.taken ?? 0,
      hadContent: (path) => earlierTree.has(path) || entries.get(path)?.oid !== undefined,
      limits,
    });
  }
  const rest: Rest = {
    ...walked,
    // What is inside other repositories has been looked at file by file.
    not_captured: [
      ...not_captured.filter(({ reason }) => !IS_WALKED.has(reason)),
      ...walked.not_captured,
    ],
  };
  await mkdir(privateDir, { recursive: true, mode: 0o700 });
  return {
    kind,
    tree,
    object_dir: join(privateDir, 'objects'),
    root: place.root,
    rest: await writeRest(privateDir, rest),
    ...(index === undefined ? {} : { index }),
    ...(place.gitDir === undefined || place.commonDir === undefined
      ? {}
      : {
          repository: {
            git_dir: place.gitDir,
            common_dir: place.commonDir,
            object_format: place.objectFormat,
          },
        }),
    head: await headOf(place, env, limits),
    taken,
  };
}

const IS_WALKED: ReadonlySet<NotCaptured['reason']> = new Set(['submodule', 'repository']);

async function find(cwd: string, { env, plainRoot, lean }: WholeOptions): Promise<WorkTree> {
  const plain = async (): Promise<WorkTree> => ({
    root: await realpath(plainRoot ?? cwd),
    gitDir: undefined,
    commonDir: undefined,
    objectFormat: 'sha1',
  });
  if (lean === true) return plain();
  const git = await openGit(cwd, env === undefined ? {} : { env });
  try {
    return await locate(git);
  } catch (error) {
    if (!(error instanceof CcError) || error.code !== 'NOT_A_GIT_REPOSITORY') throw error;
    return plain();
  }
}

function placeOf({ root, repository }: WholeSnapshot): WorkTree {
  return {
    root,
    gitDir: repository?.git_dir,
    commonDir: repository?.common_dir,
    objectFormat: repository?.object_format ?? 'sha1',
  };
}

async function kindOf(place: WorkTree, options: WholeOptions): Promise<SnapshotKind> {
  if (options.lean === true) return 'lean';
  if (place.gitDir !== undefined) return 'git';
  const { entries, not_captured } = await walkRest(place.root, {
    isKnown: () => false,
    area: 'source',
    ...(options.exclude === undefined ? {} : { exclude: options.exclude }),
    maxEntries: options.maxEntries ?? PLAIN_LOOKS,
  });
  const isOwn = ({ path }: { path: string }) => !path.split('/').some(isFilledByTools);
  const own = entries.filter(
    (entry) => entry.area === 'source' && !isDirectoryMode(entry.mode) && isOwn(entry),
  );
  const bytes = own.reduce((sum, entry) => sum + sizeOf(entry), 0);
  const isSmall = own.length <= PLAIN_FILES && bytes <= PLAIN_BYTES;
  const isCut = not_captured.some((item) => item.reason === 'too_many' && isOwn(item));
  return isSmall && !isCut ? 'plain' : 'listed';
}

async function treeOf(
  place: WorkTree,
  kind: SnapshotKind,
  options: WholeOptions,
): Promise<{ tree: string; not_captured: NotCaptured[] }> {
  const { env, exclude, signal } = options;
  const nothing = { tree: EMPTY_TREE[place.objectFormat], not_captured: [] };
  if (kind === 'lean') return nothing;
  const user =
    place.gitDir === undefined || options.earlier !== undefined
      ? undefined
      : await openGit(place.root, env === undefined ? {} : { env });
  if (kind === 'listed') {
    await preparePrivateRepository(user, place, resolve(options.privateDir), exclude);
    return nothing;
  }
  return snapshotOf(place, user, {
    privateDir: options.privateDir,
    ...(env === undefined ? {} : { env }),
    ...(exclude === undefined ? {} : { exclude }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Git directories elsewhere, as a linked worktree or a submodule has them. */
function gitDirsOf({ root, gitDir, commonDir }: WorkTree): { directory: string; name: string }[] {
  if (gitDir === undefined || commonDir === undefined) return [];
  const outside = [...new Set([commonDir, gitDir])].filter(
    (directory) => !directory.startsWith(root + sep),
  );
  return outside
    .filter((directory) => !outside.some((other) => directory.startsWith(other + sep)))
    .map((directory) => ({ directory, name: relative(root, directory).split(sep).join('/') }));
}

function withoutContent(entries: readonly RestEntry[]): ReadonlySet<string> {
  return new Set(entries.filter(({ oid }) => oid === undefined).map(({ path }) => path));
}

/** Read from the repository itself, since that is where a worker would move it. */
async function headOf(
  { root, gitDir }: WorkTree,
  env: SourceEnvironment | undefined,
  limits: RunOptions,
): Promise<string | null> {
  if (gitDir === undefined) return null;
  try {
    const git = await openGit(root, env === undefined ? {} : { env });
    const args = ['rev-parse', '--verify', '--quiet', 'HEAD'];
    const head = await git.text(args, { ...limits, okCodes: [0, 1] });
    return head === '' ? null : head;
  } catch (error) {
    // The worker may have taken the repository away; then there is nothing at its head.
    if (error instanceof CcError && error.code === 'COMMAND_FAILED') return null;
    if (error instanceof CcError && error.code.startsWith('NOT_')) return null;
    throw error;
  }
}
