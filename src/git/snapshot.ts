import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CcError } from '../core/errors.ts';
import type { SourceEnvironment } from './environment.ts';
import { type Git, openGit } from './git.ts';
import { type Listing, readIndex } from './index-entries.ts';
import { standInForLargeFiles } from './large-files.ts';
import { pendingPaths } from './pending.ts';
import { borrowIndex } from './private-index.ts';
import { preparePrivateRepository } from './private-repository.ts';
import { locate, type WorkTree } from './repository.ts';
import { recordRepositories, settleSubmodules } from './submodules.ts';

export type Snapshot = {
  /** Git tree of the whole working tree. */
  tree: string;
  /** Its new objects; what the repository already had is read from there. */
  object_dir: string;
  root: string;
  /** Paths whose content is not in the tree, and why. Whoever judges a change must look at them. */
  not_captured: NotCaptured[];
};

export type NotCaptured = {
  path: string;
  /**
   * `large`: the tree holds size and times instead. `submodule`, `repository`: only its commit.
   * `too_many`: nobody looked any further than this.
   */
  reason: 'large' | 'submodule' | 'repository' | 'unreadable' | 'too_many';
};

type Files = Listing['files'];

export type SnapshotOptions = {
  /** Private directory that keeps index and objects; one per working tree, reused for speed. */
  privateDir: string;
  env?: SourceEnvironment;
  /** Only this directory (relative to the root, `/`) is brought up to date. */
  only?: string;
  /** Absolute directories that are left out although they lie inside. */
  exclude?: readonly string[];
  maxFileBytes?: number;
  maxTotalBytes?: number;
  timeoutMs?: number;
  signal?: AbortSignal;
  /**
   * Called with git on the private repository and the index the tree was written from. `files` is what
   * that lists, where it is known because nothing had to be added.
   */
  whenAdded?: (git: Git, indexFile: string, files: Files | undefined) => Promise<void>;
};

const MAX_FILE_BYTES = 64 * 1024 * 1024;
const MAX_TOTAL_BYTES = 2 * 1024 * 1024 * 1024;
const TIMEOUT_MS = 10 * 60_000;
const ATTEMPTS = 8;

/**
 * The content of a working tree as a git tree, byte for byte: staged, unstaged and untracked files
 * included. Ignored files are not in it (unless tracked), nor is our own workspace. Nothing in the
 * user's repository is written: index and objects are our own.
 */
export async function takeSnapshot(cwd: string, options: SnapshotOptions): Promise<Snapshot> {
  const open = options.env === undefined ? {} : { env: options.env };
  const userGit = await openGit(cwd, open);
  return snapshotOf(await locate(userGit), userGit, options);
}

/** The same for a working tree already located. Git is only asked when the private directory is new. */
export async function snapshotOf(
  repository: WorkTree,
  userGit: Git | undefined,
  options: SnapshotOptions,
): Promise<Snapshot> {
  const privateDir = resolve(options.privateDir);
  const { only = '', maxFileBytes = MAX_FILE_BYTES, signal } = options;
  const { maxTotalBytes = MAX_TOTAL_BYTES, timeoutMs = TIMEOUT_MS } = options;
  const limits = { timeoutMs, ...(signal === undefined ? {} : { signal }) };
  await preparePrivateRepository(userGit, repository, privateDir, options);
  const index = await borrowIndex(repository, privateDir);
  try {
    const git = await openGit(repository.root, {
      ...(options.env === undefined ? {} : { env: options.env }),
      repository: { gitDir: privateDir, workTree: repository.root, indexFile: index.path },
    });
    const listed = await readIndex(git, repository.root, limits);
    const submodules = await settleSubmodules(git, repository.root, listed.submodules, limits);
    const pending = await pendingPaths(git, only, limits);
    const large = await standInForLargeFiles(git, repository.root, pending.files, {
      ...limits,
      maxFileBytes,
      maxTotalBytes,
    });
    await recordRepositories(git, pending.repositories, limits);
    const settled = [...large, ...submodules.all, ...pending.repositories];
    const complete = pending.files.length === 0 || (await addAll(git, only, settled, limits));
    const known = new Set(settled);
    const left = complete ? [] : (await pendingPaths(git, only, limits)).files;
    const unreadable = [...pending.unreadable, ...left.filter((path) => !known.has(path))];
    // Objects may be missing in a partial clone; an unchanged file does not need its content.
    const tree = await git.text(['write-tree', '--missing-ok'], limits);
    const isAsListed =
      listed.submodules.length + pending.files.length + pending.repositories.length === 0;
    await options.whenAdded?.(git, index.path, isAsListed ? listed.files : undefined);
    await index.keep();
    return {
      tree,
      object_dir: join(privateDir, 'objects'),
      root: repository.root,
      not_captured: [
        ...because('large', large),
        ...because('submodule', submodules.populated),
        ...because('repository', pending.repositories),
        ...because('unreadable', unreadable),
      ],
    };
  } finally {
    await index.drop();
  }
}

/** Forgets everything a private directory holds. */
export async function dropSnapshots(privateDir: string): Promise<void> {
  await rm(privateDir, { recursive: true, force: true });
}

/** False when some files could not be read. */
async function addAll(
  git: Git,
  only: string,
  except: readonly string[],
  limits: { timeoutMs: number; signal?: AbortSignal },
): Promise<boolean> {
  const paths = [
    only === '' ? ':(top)' : `:(top,literal)${only}`,
    ...except.map((path) => `:(top,exclude,literal)${path}`),
  ];
  const args = ['add', '--all', '--ignore-errors', '--pathspec-from-file=-', '--pathspec-file-nul'];
  for (let attempt = 1; ; attempt++) {
    try {
      const input = paths.join('\0');
      return (await git.run(args, { ...limits, input, okCodes: [0, 1] })).exitCode === 0;
    } catch (error) {
      // Somebody works in this directory: a file that is gone between listing and reading ends git.
      if (attempt === ATTEMPTS || !isVanished(error)) throw error;
    }
  }
}

function isVanished(error: unknown): boolean {
  if (!(error instanceof CcError) || error.code !== 'COMMAND_FAILED') return false;
  return /unable to stat|No such file or directory/.test(String(error.details?.stderr));
}

function because(reason: NotCaptured['reason'], paths: readonly string[]): NotCaptured[] {
  return paths.map((path) => ({ path, reason }));
}
