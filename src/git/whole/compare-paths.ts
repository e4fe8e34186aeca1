import type { SourceEnvironment } from '../environment.ts';
import type { Git } from '../git.ts';
import type { RunOptions } from '../run.ts';
import { changedPaths, privateGit } from './compare.ts';
import { SUBMODULE_MODE } from './index-list.ts';
import { permOf, type States, statesOf } from './states.ts';
import type { Area, WholeSnapshot } from './whole.ts';

/** One path as it was. */
export type FileThen = {
  area: Area;
  kind: 'file' | 'link' | 'submodule' | 'other';
  /** Permission bits. */
  perm: number;
  /** Its content is kept and `read` gives it. False: that it was there is all that is known. */
  kept: boolean;
};

/** A snapshot that can be looked into, path by path. */
export type OpenSnapshot = {
  at(path: string): FileThen | undefined;
  paths(): Iterable<string>;
  /** The content (of a link, its target); undefined where there was no such file or it was not kept. */
  read(path: string): Promise<Buffer | undefined>;
};

const MAX_BYTES = 128 * 1024 * 1024;
const TIMEOUT_MS = 120_000;

export async function openSnapshot(
  snapshot: WholeSnapshot,
  { env, signal }: ReadOptions = {},
): Promise<OpenSnapshot> {
  const limits = limitsOf(signal);
  const git = await privateGit(snapshot, env);
  const states = await statesOf(snapshot, { ...limits, ...(env === undefined ? {} : { env }) });
  return {
    at: (path) => fileThen(states, path),
    paths: () => states.paths(),
    read: (path) => contentOf(git, states, path, limits),
  };
}

export type ReadOptions = { env?: SourceEnvironment; signal?: AbortSignal };

/** One file of a snapshot; undefined where it was not there, or its content was not kept. */
export async function readAt(
  snapshot: WholeSnapshot,
  path: string,
  options: ReadOptions = {},
): Promise<{ kind: FileThen['kind']; perm: number; bytes: Buffer } | undefined> {
  const open = await openSnapshot(snapshot, options);
  const there = open.at(path);
  const bytes = await open.read(path);
  if (there === undefined || bytes === undefined) return undefined;
  return { kind: there.kind, perm: there.perm, bytes };
}

/** The paths that differ between two snapshots of one place, bookkeeping of git's left out. */
export async function comparePaths(
  base: WholeSnapshot,
  after: WholeSnapshot,
  { env, signal }: ReadOptions = {},
): Promise<string[]> {
  const limits = { ...limitsOf(signal), ...(env === undefined ? {} : { env }) };
  return changedPaths(await statesOf(base, limits), await statesOf(after, limits));
}

function limitsOf(signal: AbortSignal | undefined): RunOptions {
  return { timeoutMs: TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) };
}

const KINDS: Readonly<Record<string, FileThen['kind']>> = {
  '100644': 'file',
  '100755': 'file',
  '120000': 'link',
  [SUBMODULE_MODE]: 'submodule',
};

function fileThen(states: States, path: string): FileThen | undefined {
  const state = states.at(path);
  if (state === undefined) return undefined;
  const kind = KINDS[state.mode] ?? 'other';
  const kept = kind !== 'submodule' && (state.oid !== undefined || state.link !== undefined);
  return { area: state.area, kind, perm: permOf(state), kept };
}

async function contentOf(
  git: Git | undefined,
  states: States,
  path: string,
  limits: RunOptions,
): Promise<Buffer | undefined> {
  const state = states.at(path);
  if (state === undefined || state.mode === SUBMODULE_MODE) return undefined;
  if (state.link !== undefined) return Buffer.from(state.link);
  if (state.oid === undefined || git === undefined) return undefined;
  const args = ['cat-file', 'blob', state.oid];
  return (await git.run(args, { ...limits, maxBytes: MAX_BYTES })).stdout;
}
