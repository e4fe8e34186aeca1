import { existsSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isId } from '../../core/ids.ts';
import { makePrivateDir } from '../../store/atomic.ts';
import { type TarEntry, type Tree, writeTar } from '../../store/tar-write.ts';
import { privateRunPaths } from '../../workspace/home.ts';
import type { Host } from '../../workspace/host.ts';
import { managedDir, runPaths, type Workspace } from '../../workspace/layout.ts';
import { toTrash } from '../retention/remove.ts';
import { entriesIn } from './pack.ts';
import {
  ARCHIVED,
  archivePath,
  LEAVING,
  leavingPath,
  privateArchivePath,
  RESTORING,
  unpackingPath,
} from './places.ts';

/**
 * Brings to its end what somebody was killed over. A run that was on its way out goes, where its
 * archives hold all of it; otherwise it comes back. Call it alone with the runs.
 */
export async function finishLeaving(host: Host, workspace: Workspace): Promise<void> {
  const directory = managedDir(workspace, 'runs');
  await rm(unpackingPath(host.home, workspace), { recursive: true, force: true });
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    if (name.startsWith(RESTORING) || name.startsWith(ARCHIVED)) {
      await rm(path, { recursive: true, force: true });
    }
    const runId = name.slice(LEAVING.length);
    if (!name.startsWith(LEAVING) || !isId(runId, 'run')) continue;
    const { dir } = runPaths(workspace, runId);
    const privates = await archivedPrivates(host, runId);
    if (privates !== undefined && (await holds(workspace, runId, path))) {
      await removeOriginals(host, workspace, runId, privates);
    } else if (!existsSync(dir)) await rename(path, dir);
  }
}

/** Once the run is out of sight and its archives are known to hold all of it. */
export async function removeOriginals(
  { home }: Host,
  workspace: Workspace,
  runId: string,
  privates: readonly Tree[],
): Promise<void> {
  await makePrivateDir(home.trash);
  for (const { dir } of privates) await toTrash(dir, home.trash);
  const archived = join(managedDir(workspace, 'runs'), `${ARCHIVED}${runId}`);
  await rm(archived, { recursive: true, force: true });
  await rename(leavingPath(workspace, runId), archived);
  await rm(archived, { recursive: true, force: true });
}

/** The archive of a run holds exactly what is in this directory. */
export async function holds(workspace: Workspace, runId: string, dir: string): Promise<boolean> {
  return isPacked([{ dir, as: runId }], archivePath(workspace, runId));
}

/** What of the private store is in its archive and still there; undefined where the two differ. */
async function archivedPrivates({ home }: Host, runId: string): Promise<Tree[] | undefined> {
  const { dir } = privateRunPaths(home, runId);
  const path = privateArchivePath(home, runId);
  if (!existsSync(path)) return existsSync(dir) ? undefined : [];
  const names = new Set((await entriesIn(path)).map(({ name }) => name.split('/')[0] ?? ''));
  const trees = [...names].map((as) => ({ as, dir: privatePlace(home, runId, as) }));
  const there = trees.filter((tree) => existsSync(tree.dir));
  if (!names.has('run') && existsSync(dir)) return undefined;
  return (await isPacked(there, path, { partly: true })) ? there : undefined;
}

/** Where a top-level name of a private archive belongs. */
export function privatePlace(home: Host['home'], runId: string, name: string): string {
  const session = name.startsWith(SESSION) ? name.slice(SESSION.length) : undefined;
  return session === undefined ? privateRunPaths(home, runId).dir : join(home.sessions, session);
}

export const SESSION = 'session-';

/** An archive holds exactly these trees, or with `partly` at least these. */
async function isPacked(
  trees: readonly Tree[],
  path: string,
  { partly = false } = {},
): Promise<boolean> {
  const now: TarEntry[] = [];
  for await (const _ of writeTar(trees, (entry) => now.push(entry)));
  const packed = await entriesIn(path).catch(() => undefined);
  if (packed === undefined) return false;
  const tops = new Set(trees.map(({ as }) => as));
  const wanted = packed.filter(({ name }) => !partly || tops.has(name.split('/')[0] ?? ''));
  return isDeepStrictEqual(now, wanted);
}
