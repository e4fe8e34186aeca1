import { lstat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CcError } from '../../core/errors.ts';
import { isId } from '../../core/ids.ts';
import { Lease } from '../../store/lease.ts';
import { findLeftovers, type Leftover, removeLeftovers } from '../../store/leftovers.ts';
import { treeBytes } from '../../store/size.ts';
import { findUnfinished } from '../../store/unfinished.ts';
import { KEEP_SPILLED_MS, privateRunPaths } from '../../workspace/home.ts';
import type { Host } from '../../workspace/host.ts';
import { managedDir, runPaths, sharedPaths, type Workspace } from '../../workspace/layout.ts';
import { findWorktrees } from '../worktrees/left.ts';
import { type Catalogue, readCatalogue, writeCatalogue } from './catalogue.ts';
import { busyTasks, moveAway, REMOVED } from './remove.ts';
import { type Limits, type Selected, type Selection, selectRuns } from './select.ts';

/** `workflows/<id>/<…>/<…>/<…>` is the deepest place of ours. */
const WORKSPACE_LEVELS = 5;
const DAY_MS = 24 * 3_600_000;
/** What lies in the workspace's own tmp for longer was forgotten. */
const KEEP_TMP_MS = 24 * 3_600_000;
/** A launcher writes the record within seconds. */
const STILLBORN_MS = 24 * 3_600_000;

export type Cleaning = Selection & {
  /** Files of ours that were only meant to be there for a while. */
  leftovers: Leftover[];
  /** Runs that were to go and are still there: their task goes on, or the time was up. */
  left: number;
};

/** What would be removed. Writes nothing but the catalogue. */
export async function previewCleaning(
  host: Host,
  workspace: Workspace,
  limits: Limits,
): Promise<Cleaning> {
  const { selection, catalogue } = await select(host, workspace, limits);
  await writeCatalogue(workspace, catalogue).catch(() => undefined);
  return { ...selection, leftovers: await leftoversOf(host, workspace, limits), left: 0 };
}

/** Removes it, one process at a time. Stops when `until` says so; the rest goes next time. */
export async function clean(
  host: Host,
  workspace: Workspace,
  limits: Limits,
  until: () => boolean,
): Promise<Cleaning> {
  return aloneWithRuns(workspace, async () => {
    const { selection, catalogue } = await select(host, workspace, limits);
    const leftovers = await removeLeftovers(await leftoversOf(host, workspace, limits));
    const gone = await moveAway(host, workspace, selection.remove, catalogue, until);
    await writeCatalogue(workspace, catalogue);
    await emptyTrash(host, workspace);
    const left = selection.remove.filter((run) => !gone.includes(run));
    return {
      remove: gone,
      leftovers,
      left: left.length,
      kept: {
        runs: selection.kept.runs + left.length,
        bytes: selection.kept.bytes + left.reduce((sum, run) => sum + run.bytes, 0),
      },
    };
  });
}

/** One process at a time takes ended runs away or brings them back. */
export async function aloneWithRuns<T>(workspace: Workspace, work: () => Promise<T>): Promise<T> {
  const lease = Lease.tryAcquire(join(sharedPaths(workspace).retention, 'lease'));
  if (!(lease instanceof Lease)) {
    throw new CcError('BUSY', `Process ${lease.holder.pid} is cleaning this workspace.`, {
      hint: 'Call again in a moment.',
      retryable: true,
    });
  }
  try {
    return await work();
  } finally {
    lease.release();
  }
}

async function select(
  host: Host,
  workspace: Workspace,
  limits: Limits,
): Promise<{ selection: Selection; catalogue: Catalogue }> {
  const catalogue = await readCatalogue(workspace, host.home);
  const busy = await busyTasks(workspace);
  const { remove, kept } = selectRuns(catalogue, busy, limits, host.clock.now());
  const stillborn = await Promise.all(
    catalogue.stillborn
      .filter((id) => !busy.has(id))
      .map((id) => neverStarted(host, workspace, id)),
  );
  return {
    selection: { remove: [...remove, ...stillborn.flat()], kept },
    catalogue,
  };
}

async function neverStarted(host: Host, workspace: Workspace, id: string): Promise<Selected[]> {
  const { dir } = runPaths(workspace, id);
  const entry = await lstat(dir).catch(() => undefined);
  if (entry === undefined || Date.now() - entry.mtimeMs < STILLBORN_MS) return [];
  const bytes = treeBytes(dir) + treeBytes(privateRunPaths(host.home, id).dir);
  return [
    { run_id: id, ended: entry.mtime.toISOString(), bytes, session: null, reason: 'never started' },
  ];
}

async function leftoversOf(
  host: Host,
  workspace: Workspace,
  { days }: Limits,
): Promise<Leftover[]> {
  const keepOperations = days === null ? Number.POSITIVE_INFINITY : days * DAY_MS;
  const found = await Promise.all([
    findWorktrees(host, workspace),
    findOperations(managedDir(workspace, 'rollback'), keepOperations),
    findOperations(host.home.operations, keepOperations),
    findLeftovers(managedDir(workspace, 'tmp'), KEEP_TMP_MS, isRemoved),
    findLeftovers(host.home.spilled, KEEP_SPILLED_MS),
    findLeftovers(host.home.trash, 0, isRemoved),
    ...unfinishedIn(host, workspace),
  ]);
  return found.flat();
}

/** Only where the files are ours: not in sessions, which are the CLI's, nor in copies of projects. */
function unfinishedIn({ home }: Host, workspace: Workspace): Promise<Leftover[]>[] {
  const places: [directory: string, levels: number][] = [
    [workspace.base, WORKSPACE_LEVELS],
    [home.root, 0],
    [dirname(home.guardLease), 1],
    [home.routing, 1],
    [home.workspaces, 0],
    [home.ledgerHeads, 0],
    [home.benchmarks, 1],
    [home.outbox, 1],
    [home.capabilities, 0],
    [home.worktrees, 1],
    [dirname(home.fingerprintKey), 0],
    [home.runs, 2],
    [home.workflows, 3],
    [home.operations, 2],
    [home.archives, 0],
  ];
  return places.map(([directory, levels]) => findUnfinished(directory, levels));
}

/** What is kept to take a rollback or an apply back. */
async function findOperations(directory: string, olderThanMs: number): Promise<Leftover[]> {
  const found = await findLeftovers(directory, olderThanMs);
  return found.filter(({ path }) => isId(basename(path), 'op'));
}

/** Removes what was only moved out of sight. */
export async function emptyTrash(host: Host, workspace: Workspace): Promise<void> {
  const found = await Promise.all(
    [managedDir(workspace, 'tmp'), host.home.trash].map((directory) =>
      findLeftovers(directory, Number.POSITIVE_INFINITY, isRemoved),
    ),
  );
  await removeLeftovers(found.flat());
}

function isRemoved(name: string): boolean {
  return name.startsWith(REMOVED);
}
