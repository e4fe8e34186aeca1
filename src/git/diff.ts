import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CcError } from '../core/errors.ts';
import { type FileChange, parseChanges } from './changes.ts';
import type { SourceEnvironment } from './environment.ts';
import { openGit } from './git.ts';
import { fitPatch, type OmittedPatch } from './patch.ts';
import { locate, type Repository } from './repository.ts';
import { dropSnapshots, type NotCaptured, type Snapshot, snapshotOf } from './snapshot.ts';
import { EMPTY_TREE } from './whole/empty-tree.ts';

export type Diff = {
  files: FileChange[];
  /** For reading, not for applying: binary content is left out, bytes that are not UTF-8 replaced. */
  patch: string;
  truncated: boolean;
  omitted: OmittedPatch[];
  /** Paths one of the two sides could not capture. */
  not_captured: NotCaptured[];
};

export type DiffOptions = {
  env?: SourceEnvironment;
  /** Size of the patch text; 0: only the list of files. */
  maxPatchBytes?: number;
  /** Only this directory or file, relative to the root, with `/`. */
  only?: string;
  /** Only these, instead of `only`; likewise relative to the root. */
  paths?: readonly string[];
  signal?: AbortSignal;
};

const MAX_PATCH_BYTES = 200_000;
// More than is shown, so that small files behind a large one are still found.
const READ_BYTES = 32 * 1024 * 1024;
const TIMEOUT_MS = 120_000;

/** What changed between two snapshots of one working tree. Reads no repository configuration. */
export async function diffTrees(
  base: Pick<Snapshot, 'tree' | 'object_dir' | 'root'> & Partial<Snapshot>,
  target: Snapshot,
  options: DiffOptions = {},
): Promise<Diff> {
  const { maxPatchBytes = MAX_PATCH_BYTES, only = '', signal } = options;
  const gitDir = dirname(target.object_dir);
  await requireSnapshot(gitDir);
  requireTreeId(base.tree);
  requireTreeId(target.tree);
  const git = await openGit(gitDir, {
    ...(options.env === undefined ? {} : { env: options.env }),
    repository: {
      gitDir,
      workTree: gitDir,
      alternates: base.object_dir === target.object_dir ? [] : [base.object_dir],
    },
  });
  const limits = { timeoutMs: TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
  const where = (options.paths ?? [only]).map((path) =>
    path === '' ? ':(top)' : `:(top,literal)${path}`,
  );
  const trees = [base.tree, target.tree, '--', ...where];
  const list = await git.run(['diff-tree', ...diffArguments(), ...trees], limits);
  const files = parseChanges(list.stdout);
  const captured = [...(base.not_captured ?? []), ...target.not_captured];
  const not_captured = [...new Map(captured.map((item) => [item.path, item])).values()];
  if (maxPatchBytes === 0 || files.length === 0) {
    const omitted = files.map(({ path }) => ({ path, shown_bytes: 0 }));
    return { files, patch: '', truncated: files.length > 0, omitted, not_captured };
  }
  const raw = await git.run(['diff-tree', ...patchArguments(), ...trees], {
    ...limits,
    maxBytes: READ_BYTES,
    cutAtLimit: true,
  });
  const patch = fitPatch(raw.stdout, files, { maxBytes: maxPatchBytes, complete: !raw.cut });
  return {
    files,
    patch: patch.text,
    truncated: patch.truncated,
    omitted: patch.omitted,
    not_captured,
  };
}

/** For `git diff-tree`: one record and one count per file, as `parseChanges` reads them. */
export function diffArguments(): string[] {
  return [...COMMON, '-z', '--raw', '--numstat'];
}

export function patchArguments(): string[] {
  return [...COMMON, ...PATCH];
}

// Everything the user's configuration could change is said explicitly.
const COMMON = ['-r', '--find-renames=50%', '-l1000', '--no-color', '--no-relative'];
const PATCH = [
  '--patch',
  '--unified=3',
  '--full-index',
  '--src-prefix=a/',
  '--dst-prefix=b/',
  '--submodule=short',
];

/**
 * The working tree against the last commit (against nothing where there is none), untracked files
 * included, ignored ones not. In a sub-directory only that directory, unless `whole` is set.
 */
export async function diffWorkingTree(
  cwd: string,
  { whole = false, ...options }: Omit<DiffOptions, 'only'> & { whole?: boolean } = {},
): Promise<Diff & { root: string; head: string | null }> {
  const { env, signal } = options;
  const git = await openGit(cwd, env === undefined ? {} : { env });
  const repository = await locate(git);
  const only = whole ? '' : repository.prefix;
  const privateDir = await mkdtemp(join(tmpdir(), 'cc-diff-'));
  try {
    const target = await snapshotOf(repository, git, {
      privateDir,
      only,
      ...(env === undefined ? {} : { env }),
      ...(signal === undefined ? {} : { signal }),
    });
    const base = { ...target, tree: baseTree(repository), not_captured: [] };
    const diff = await diffTrees(base, target, { ...options, only });
    return { ...diff, root: repository.root, head: repository.head };
  } finally {
    await dropSnapshots(privateDir);
  }
}

function baseTree({ objectFormat, head }: Repository): string {
  return head ?? EMPTY_TREE[objectFormat];
}

// Snapshots are kept in files; something else than an id would be read by git as an option.
function requireTreeId(value: string): void {
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(value)) return;
  throw new CcError('STORAGE_CORRUPT', `Not a git tree id: ${JSON.stringify(value.slice(0, 80))}`, {
    hint: 'The record of this snapshot is damaged; take a new one.',
  });
}

async function requireSnapshot(gitDir: string): Promise<void> {
  const there = await stat(join(gitDir, 'HEAD')).then(
    () => true,
    () => false,
  );
  if (there) return;
  throw new CcError('NOT_FOUND', `The snapshot at ${gitDir} is gone.`, {
    hint: 'It was removed by retention or by hand; a comparison is no longer possible.',
  });
}
