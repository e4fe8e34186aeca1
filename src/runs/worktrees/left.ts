import { lstatSync } from 'node:fs';
import { isFinal } from '../../core/vocabulary.ts';
import type { Leftover } from '../../store/leftovers.ts';
import { treeBytes } from '../../store/size.ts';
import type { Host } from '../../workspace/host.ts';
import { runPaths, type Workspace } from '../../workspace/layout.ts';
import { hasRecord, type RunRecord, readRecord } from '../record.ts';
import { readWorktree, type WorktreeFile, worktreeIds, worktreePaths } from './store.ts';

/** A launcher writes the record within seconds. */
const STILLBORN_MS = 24 * 3_600_000;

/**
 * Copies of a project that nobody needs any more: their result was applied or discarded, or there is
 * none, or retention has removed all their runs. One with a result that nobody has decided on stays.
 */
export async function findWorktrees(host: Host, workspace: Workspace): Promise<Leftover[]> {
  const found: Leftover[] = [];
  for (const id of await worktreeIds(host.home)) {
    const file = await readWorktree(host.home, id);
    const { dir } = worktreePaths(host.home, id);
    const isOurs = file?.workspace === workspace.root;
    if (!isOurs || !(await isOver(workspace, file, dir))) continue;
    found.push({ path: dir, bytes: treeBytes(dir) });
  }
  return found;
}

async function isOver(workspace: Workspace, file: WorktreeFile, dir: string): Promise<boolean> {
  const records: RunRecord[] = [];
  for (const id of file.runs) {
    const paths = runPaths(workspace, id);
    if (!hasRecord(paths)) continue;
    const record = await readRecord(paths, id).catch(() => undefined);
    if (record === undefined) return false; // whatever it is, it is not ours to judge
    records.push(record);
  }
  if (records.some(({ state }) => !isFinal(state))) return false;
  if (file.state !== 'open') return true;
  if (records.length === 0) return isOld(dir);
  return records.every(({ outcome }) => outcome?.changed_files === 0);
}

function isOld(dir: string): boolean {
  const stats = lstatSync(dir, { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.mtimeMs > STILLBORN_MS;
}
