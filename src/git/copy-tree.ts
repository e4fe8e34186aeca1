import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CcError } from '../core/errors.ts';
import { quoteObjectDirectory, type SourceEnvironment } from './environment.ts';
import { openGit } from './git.ts';
import { readRest } from './whole/rest-file.ts';
import { takeWhole } from './whole/take.ts';
import type { WholeSnapshot } from './whole/whole.ts';

export type CopyOptions = {
  env: SourceEnvironment;
  /** The root of a directory without git. */
  plainRoot: string;
  /** Directories that are left out. */
  exclude: readonly string[];
  /** Private, for the time of copying. */
  scratch: string;
  /** With what is not committed. */
  uncommitted: boolean;
  /** Where it stands in the copy. */
  branch: string;
};

export type CopiedTree = {
  /** Root of the tree that was copied: the top of its repository. */
  from: string;
  /** The commit it stands on. */
  head: string | null;
  /** Submodules and repositories inside, which are empty in the copy. */
  left_out: string[];
};

const TIMEOUT_MS = 10 * 60_000;
const LIMITS = { timeoutMs: TIMEOUT_MS };

/**
 * A copy of a working tree, byte for byte, with a repository of its own that reads the user's objects.
 * Not a linked worktree of git's: that would write into the user's repository, and whoever works in it
 * could move its branches, change its configuration and see the other worktrees.
 */
export async function copyTree(cwd: string, to: string, options: CopyOptions): Promise<CopiedTree> {
  const { env, plainRoot, exclude, scratch } = options;
  const snapshot = await takeWhole(cwd, { privateDir: scratch, env, plainRoot, exclude });
  try {
    if (snapshot.index === undefined) {
      throw new CcError('LIMIT_REACHED', `${snapshot.root} is too large to be copied.`, {
        hint: 'Work in a git repository, or leave isolation out.',
      });
    }
    await mkdir(to, { recursive: true, mode: 0o700 });
    const isClean = snapshot.head !== null && !options.uncommitted;
    if (!isClean) await writeFiles(snapshot, snapshot.index, to, env);
    if (snapshot.repository !== undefined) {
      await makeRepository(snapshot, to, options);
      const git = await openGit(to, { env });
      if (snapshot.head !== null) {
        await git.run(['read-tree', 'HEAD'], LIMITS);
        if (isClean) await git.run(['checkout-index', '--all'], LIMITS);
        await git.run(['update-index', '-q', '--refresh'], { ...LIMITS, okCodes: [0, 1] });
      }
    }
    const { not_captured } = await readRest(snapshot.rest);
    const left = not_captured.filter(
      ({ reason }) => reason === 'submodule' || reason === 'repository',
    );
    return {
      from: snapshot.root,
      head: snapshot.head,
      left_out: left.map(({ path }) => path),
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** From the snapshot's own repository, in which nothing converts a line end or starts a filter. */
async function writeFiles(
  snapshot: WholeSnapshot,
  indexFile: string,
  to: string,
  env: SourceEnvironment,
): Promise<void> {
  const gitDir = dirname(snapshot.object_dir);
  const git = await openGit(to, { env, repository: { gitDir, workTree: to, indexFile } });
  await git.run(['checkout-index', '--all', '--force'], LIMITS);
  const { not_captured, perms } = await readRest(snapshot.rest);
  for (const { path, reason } of not_captured) {
    // In the tree a few lines stand for it.
    if (reason === 'large') await copyFile(join(snapshot.root, path), join(to, path));
  }
  for (const [path, perm] of Object.entries(perms)) {
    await chmod(join(to, path), perm).catch(() => undefined);
  }
}

async function makeRepository(
  { root, repository, head }: WholeSnapshot,
  to: string,
  { env, branch }: CopyOptions,
): Promise<void> {
  if (repository === undefined) return;
  const { common_dir, object_format } = repository;
  const at = (...parts: string[]) => join(to, '.git', ...parts);
  const sha256 = object_format === 'sha256';
  for (const directory of [
    at('objects', 'info'),
    at('refs', 'heads', dirname(branch)),
    at('info'),
  ]) {
    await mkdir(directory, { recursive: true });
  }
  const user = await openGit(root, { env });
  const own = async (key: string) =>
    user.text(['config', '--local', '--get', key], { okCodes: [0, 1] });
  const [name, email] = [await own('user.name'), await own('user.email')];
  const config = [
    '[core]',
    `\trepositoryformatversion = ${sha256 ? 1 : 0}`,
    '\tbare = false',
    ...(sha256 ? ['[extensions]', '\tobjectFormat = sha256'] : []),
    ...(name === '' && email === '' ? [] : ['[user]']),
    ...(name === '' ? [] : [`\tname = ${quoted(name)}`]),
    ...(email === '' ? [] : [`\temail = ${quoted(email)}`]),
    '',
  ].join('\n');
  await writeFile(at('config'), config);
  const alternates = `${quoteObjectDirectory(join(common_dir, 'objects'))}\n`;
  await writeFile(at('objects', 'info', 'alternates'), alternates);
  for (const file of ['shallow', join('info', 'exclude')]) {
    const text = await readFile(join(common_dir, file)).catch(() => undefined);
    if (text !== undefined) await writeFile(at(file), text);
  }
  if (head !== null) {
    await writeFile(at('refs', 'heads', dirname(branch), basename(branch)), `${head}\n`);
  }
  await writeFile(at('HEAD'), `ref: refs/heads/${branch}\n`);
}

function quoted(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', ' ')}"`;
}
