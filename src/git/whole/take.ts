import { mkdir, realpath, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Git, openGit } from '../git.ts';
import type { TreeEntry } from '../index-entries.ts';
import { preparePrivateRepository } from '../private-repository.ts';
import type { RunOptions } from '../run.ts';
import { type NotCaptured, type SnapshotOptions, snapshotOf } from '../snapshot.ts';
import { EMPTY_TREE } from './empty-tree.ts';
import { keepIndex, listIndex, listOpened, SUBMODULE_MODE } from './index-list.ts';
import { keepContent } from './keep.ts';
import { kindOf } from './kind.ts';
import { findPlace, gitDirsOf, headOf, type Place, placeOf } from './place.ts';
import { readRest, writeRest } from './rest-file.ts';
import { type Walked, walkRest } from './walk.ts';
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

/** Enough for a person's project, and done in a blink where nobody waits for it. */
const LEAN_ENTRIES = 20_000;
const TIMEOUT_MS = 10 * 60_000;

/**
 * Everything below the root of a working tree (or of a directory without git): the tree that git
 * shows, and beside it ignored files, repositories inside it and git's own files. Nothing of the user's
 * is written, and no configuration of theirs is read beyond what finding the root needs.
 */
export async function takeWhole(cwd: string, asked: WholeOptions): Promise<WholeSnapshot> {
  const exclude = await Promise.all((asked.exclude ?? []).map(realOr));
  const options = { ...asked, exclude };
  const { earlier, env, signal } = options;
  const taken = Date.now();
  const privateDir = resolve(options.privateDir);
  const limits: RunOptions = { timeoutMs: TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
  const place = earlier === undefined ? await findPlace(cwd, options) : placeOf(earlier);
  const kind = earlier?.kind ?? (await kindOf(place, options));
  const [shown, head, before] = await Promise.all([
    treeOf(place, kind, options, limits),
    headOf(place, env, limits),
    earlier === undefined ? undefined : readRest(earlier.rest),
  ]);
  const { known } = shown;
  const walked = await walkRest(place.root, {
    isKnown: (path) => known.has(path) && known.get(path)?.mode !== SUBMODULE_MODE,
    area: kind === 'git' || kind === 'plain' ? 'ignored' : 'source',
    gitDirs: gitDirsOf(place),
    exclude,
    ...(before === undefined ? {} : { wanted: withoutContent(before) }),
    skipFilled: kind === 'lean',
    maxEntries: options.maxEntries ?? (kind === 'lean' ? LEAN_ENTRIES : undefined),
  });
  await keepNew(place, walked, shown.git, before, options, limits);
  await mkdir(privateDir, { recursive: true, mode: 0o700 });
  const rest = await writeRest(privateDir, {
    ...walked,
    // What is inside other repositories has been looked at file by file.
    not_captured: [
      ...shown.not_captured.filter(({ reason }) => !IS_WALKED.has(reason)),
      ...walked.not_captured,
    ],
  });
  const { root, gitDir, commonDir, objectFormat } = place;
  const where = { object_dir: join(privateDir, 'objects'), root };
  return {
    kind,
    tree: shown.tree,
    ...where,
    rest,
    ...(shown.index === undefined ? {} : { index: shown.index }),
    ...(gitDir === undefined || commonDir === undefined
      ? {}
      : { repository: { git_dir: gitDir, common_dir: commonDir, object_format: objectFormat } }),
    head,
    taken,
  };
}

/** The root is a real path, so what lies in it must be one, too. */
function realOr(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

/** Drops the lists of a snapshot nobody will ask for again; objects stay, for others share them. */
export async function forgetWhole({ rest, index }: WholeSnapshot): Promise<void> {
  await rm(rest, { force: true });
  if (index !== undefined) await rm(index, { force: true });
}

const IS_WALKED: ReadonlySet<NotCaptured['reason']> = new Set(['submodule', 'repository']);

type Shown = {
  tree: string;
  known: ReadonlyMap<string, TreeEntry>;
  index?: string;
  /** On the private repository. */
  git?: Git;
  not_captured: NotCaptured[];
};

/** What git shows, in the private repository. */
async function treeOf(
  place: Place,
  kind: SnapshotKind,
  options: WholeOptions,
  limits: RunOptions,
): Promise<Shown> {
  const { env, exclude, signal } = options;
  const privateDir = resolve(options.privateDir);
  const shown: Shown = { tree: EMPTY_TREE[place.objectFormat], known: new Map(), not_captured: [] };
  if (kind === 'lean') return shown;
  if (kind === 'listed') {
    await preparePrivateRepository(place.git, place, privateDir, options);
    const repository = { gitDir: privateDir, workTree: place.root };
    shown.git = await openGit(place.root, { ...(env === undefined ? {} : { env }), repository });
    return shown;
  }
  const { tree, not_captured } = await snapshotOf(place, place.git, {
    privateDir,
    ...(env === undefined ? {} : { env }),
    ...(exclude === undefined ? {} : { exclude }),
    ...(signal === undefined ? {} : { signal }),
    whenAdded: async (git, indexFile, files) => {
      shown.git = git;
      shown.known = files ?? (await listOpened(git, limits));
      shown.index = await keepIndex(privateDir, indexFile);
    },
  });
  return { ...shown, tree, not_captured };
}

async function keepNew(
  { root }: Place,
  { entries }: Walked,
  git: Git | undefined,
  before: Rest | undefined,
  { earlier, env }: WholeOptions,
  limits: RunOptions,
): Promise<void> {
  if (git === undefined) return;
  const known = new Map(before?.entries.map((entry) => [entry.path, entry]));
  // What was in the tree and is hidden now; without anything new there is no such file.
  const isNew = ({ path }: RestEntry) => !known.has(path);
  const index = entries.some(isNew) ? earlier?.index : undefined;
  const tree = await listIndex(index, { ...limits, ...(env === undefined ? {} : { env }) });
  await keepContent(git, entries, {
    root,
    earlier: known,
    earlierTaken: earlier?.taken ?? 0,
    hadContent: (path) => tree.has(path) || known.get(path)?.oid !== undefined,
    limits,
  });
}

function withoutContent({ entries }: Rest): ReadonlySet<string> {
  return new Set(entries.filter(({ oid }) => oid === undefined).map(({ path }) => path));
}
