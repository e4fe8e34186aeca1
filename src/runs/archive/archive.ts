import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { withLease } from '../../store/lease.ts';
import { markOf, type Tree } from '../../store/tar-write.ts';
import { privateRunPaths } from '../../workspace/home.ts';
import type { Host } from '../../workspace/host.ts';
import { runPaths, sharedPaths, type Workspace } from '../../workspace/layout.ts';
import { type Catalogue, readCatalogue, writeCatalogue } from '../retention/catalogue.ts';
import { aloneWithRuns, emptyTrash } from '../retention/clean.ts';
import { busyTasks, isUnused } from '../retention/remove.ts';
import { daysOf } from '../usage/read.ts';
import { type Choice, type Chosen, chooseRuns } from './choose.ts';
import { finishLeaving, removeOriginals, SESSION } from './finish.ts';
import { pack } from './pack.ts';
import { archivePath, leavingPath, privateArchivePath } from './places.ts';

export type Archived = Chosen & { archive: string; archive_bytes: number };
export type Archiving = {
  runs: Archived[];
  /** Chosen and still there: the task goes on, somebody wrote meanwhile, or the time was up. */
  left: number;
};

const TURN_MS = 10_000;

/** What would be archived. */
export async function previewArchiving(
  host: Host,
  workspace: Workspace,
  choice: Choice,
): Promise<Chosen[]> {
  const catalogue = await readCatalogue(workspace, host.home);
  return chooseRuns(host, workspace, catalogue, choice);
}

/**
 * Packs ended runs, reads each archive back, and then removes the run: one after the other, each in
 * steps of which none loses or doubles anything. What is in the private store is packed in the user's
 * home. The rest goes next time when `isOver` says so.
 */
export async function archiveRuns(
  host: Host,
  workspace: Workspace,
  choice: Choice,
  isOver: () => boolean,
): Promise<Archiving> {
  return aloneWithRuns(workspace, async () => {
    await finishLeaving(host, workspace);
    // What runs have used is known from their records until it is in the log.
    const unlogged = new Set((await daysOf(workspace)).unlogged.map(({ run_id }) => run_id));
    const catalogue = await readCatalogue(workspace, host.home);
    const chosen = await chooseRuns(host, workspace, catalogue, choice);
    const runs: Archived[] = [];
    for (const run of chosen) {
      if (isOver()) break;
      if (unlogged.has(run.run_id)) continue;
      const bytes = await archiveRun(host, workspace, catalogue, run.run_id);
      if (bytes === undefined) continue;
      catalogue.runs.delete(run.run_id);
      runs.push({ ...run, archive: archivePath(workspace, run.run_id), archive_bytes: bytes });
    }
    await writeCatalogue(workspace, catalogue);
    await emptyTrash(host, workspace);
    return { runs, left: chosen.length - runs.length };
  });
}

/** The bytes of its archive; undefined where it had to stay. */
async function archiveRun(
  host: Host,
  workspace: Workspace,
  catalogue: Catalogue,
  runId: string,
): Promise<number | undefined> {
  const { dir } = runPaths(workspace, runId);
  const privates = privateTrees(host, catalogue, runId);
  const hidden =
    privates.length === 0 ? undefined : await pack(privates, privateArchivePath(host.home, runId));
  const packed = await pack([{ dir, as: runId }], archivePath(workspace, runId));
  const leaving = leavingPath(workspace, runId);
  const isOut = await withLease(sharedPaths(workspace).launchLease, TURN_MS, async () => {
    const entry = catalogue.runs.get(runId);
    if ((await busyTasks(workspace)).has(entry?.root ?? runId)) return false;
    await rename(dir, leaving);
    const isSame =
      markOf([{ dir: leaving, as: runId }]) === packed.mark &&
      (hidden === undefined || markOf(privates) === hidden.mark);
    if (!isSame) await rename(leaving, dir);
    return isSame;
  });
  if (!isOut) return undefined;
  await removeOriginals(host, workspace, runId, privates);
  return packed.bytes;
}

/** What the run has in the private store, and its session where no other run goes on in it. */
function privateTrees({ home }: Host, catalogue: Catalogue, runId: string): Tree[] {
  const session = catalogue.runs.get(runId)?.session ?? null;
  const runs = new Map(catalogue.runs);
  runs.delete(runId);
  const trees = [{ dir: privateRunPaths(home, runId).dir, as: 'run' }];
  if (session !== null && isUnused(session, { ...catalogue, runs })) {
    trees.push({ dir: join(home.sessions, session), as: `${SESSION}${session}` });
  }
  return trees.filter(({ dir }) => existsSync(dir));
}
