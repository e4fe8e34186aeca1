import { existsSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { ifThere } from '../../core/if-there.ts';
import { isAlive } from '../../proc/identity.ts';
import { toTrash } from '../../runs/retention/remove.ts';
import type { Limits } from '../../runs/retention/select.ts';
import { makePrivateDir } from '../../store/atomic.ts';
import { topLease, withLease } from '../../store/lease.ts';
import { treeBytes } from '../../store/size.ts';
import type { Host } from '../../workspace/host.ts';
import { managedDir, sharedPaths, type Workspace } from '../../workspace/layout.ts';
import { readPolicy } from '../../workspace/policy.ts';
import { workflowIds } from './find.ts';
import { forgetWorkflowKey } from './keys.ts';
import { privateWorkflowPaths, type WorkflowPaths, workflowPaths } from './paths.ts';
import { readWorkflowRecord, type WorkflowRecord } from './record.ts';

const DAY_MS = 86_400_000;
const TURN_MS = 10_000;

export type OldWorkflow = { workflow_id: string; ended: string; bytes: number; reason: string };

/**
 * Workflows that ended, or were given up, longer ago than runs are kept. The newest stay as they do of runs, and one that
 * was a part of another goes with that. `apply` removes them; what is resumed right now stays.
 */
export async function cleanWorkflows(
  host: Host,
  workspace: Workspace,
  limits: Limits,
  { apply }: { apply: boolean },
): Promise<OldWorkflow[]> {
  const { days } = limits;
  if (days === null) return [];
  const records = await recordsOf(workspace);
  const newest = new Set(
    [...records.values()]
      .filter(({ parent }) => parent === null)
      .slice(0, limits.keep_newest)
      .map(({ workflow_id }) => workflow_id),
  );
  const now = host.clock.now().getTime();
  const old: OldWorkflow[] = [];
  for (const record of records.values()) {
    const { workflow_id } = record;
    const paths = workflowPaths(workspace, workflow_id);
    const over = await overSince(record, paths);
    const age = over === undefined ? 0 : (now - Date.parse(over.time)) / DAY_MS;
    if (over === undefined || age <= days || newest.has(rootOf(record, records))) continue;
    const own = privateWorkflowPaths(host.home, workflow_id);
    const bytes = treeBytes(paths.dir) + treeBytes(own.dir);
    const reason = `${over.what} ${Math.floor(age)} days ago`;
    if (apply && !(await remove(host, workspace, record, paths))) continue;
    old.push({ workflow_id, ended: over.time, bytes, reason });
  }
  return old;
}

/**
 * Since when nothing more comes of it; undefined while something may. A broken one was given up when its
 * record was last written, and stands in the index as long as something of it may run.
 */
async function overSince(
  { end, broken }: WorkflowRecord,
  { metadata, active }: WorkflowPaths,
): Promise<{ what: string; time: string } | undefined> {
  if (end !== undefined) return { what: 'ended', time: end.time };
  if (broken === undefined || existsSync(active)) return undefined;
  const stats = await ifThere(stat(metadata));
  return stats && { what: 'given up', time: stats.mtime.toISOString() };
}

/** By the user's policy. Whatever goes wrong here concerns no workflow. */
export async function tidyWorkflows(host: Host, workspace: Workspace): Promise<void> {
  try {
    const { retention } = await readPolicy(host.home);
    await cleanWorkflows(host, workspace, retention, { apply: true });
  } catch {
    // The next one that ends tries again; cc_clean_workspace tells what is wrong.
  }
}

/** Newest first. */
async function recordsOf(workspace: Workspace): Promise<Map<string, WorkflowRecord>> {
  const records = new Map<string, WorkflowRecord>();
  for (const id of await workflowIds(workspace)) {
    const record = await readWorkflowRecord(workspace, id).catch(() => undefined);
    if (record !== undefined) records.set(id, record);
  }
  return records;
}

/** The whole it is a part of, as far as that is known. */
function rootOf(record: WorkflowRecord, records: ReadonlyMap<string, WorkflowRecord>): string {
  const parent = record.parent === null ? undefined : records.get(record.parent.workflow_id);
  return parent === undefined ? record.workflow_id : rootOf(parent, records);
}

/** Moved out of sight first, private parts before the others; false for one that goes on. */
async function remove(
  host: Host,
  workspace: Workspace,
  record: WorkflowRecord,
  paths: WorkflowPaths,
): Promise<boolean> {
  const tmp = managedDir(workspace, 'tmp');
  await makePrivateDir(host.home.trash);
  await makePrivateDir(tmp);
  return withLease(sharedPaths(workspace).launchLease, TURN_MS, async () => {
    const top = topLease(paths.lease);
    const isOwned = top !== undefined && !top.released && isAlive(top.holder);
    if (isOwned || existsSync(paths.active)) return false;
    const gone = [
      await toTrash(privateWorkflowPaths(host.home, record.workflow_id).dir, host.home.trash),
      await toTrash(paths.dir, tmp),
    ];
    await forgetWorkflowKey(workspace, record);
    for (const path of gone)
      if (path !== undefined) await rm(path, { recursive: true, force: true });
    return true;
  });
}
