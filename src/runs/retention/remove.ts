import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { errnoOf } from '../../core/errors.ts';
import { randomBase32 } from '../../core/ids.ts';
import { isFinal, RUN_STATES } from '../../core/vocabulary.ts';
import { makePrivateDir, readJson } from '../../store/atomic.ts';
import { withLease } from '../../store/lease.ts';
import { privateRunPaths } from '../../workspace/home.ts';
import type { Host } from '../../workspace/host.ts';
import { managedDir, runPaths, sharedPaths, type Workspace } from '../../workspace/layout.ts';
import { forgetKey } from '../keys.ts';
import { forgetLast } from '../last.ts';
import { takenSlots } from '../slots.ts';
import type { Catalogue } from './catalogue.ts';
import type { Selected } from './select.ts';

/** What is only waiting for its removal; whoever cleans next may finish that. */
export const REMOVED = 'removed-';
const TURN_MS = 10_000;
/** Runs moved away while nobody can start one; a handful of renames each. */
const AT_ONCE = 25;

/** First runs of the tasks that go on, and of those that are not in the usage log yet. */
export async function busyTasks(workspace: Workspace): Promise<Set<string>> {
  const busy = new Set<string>();
  for (const { slot } of await takenSlots(workspace)) {
    busy.add(slot.run_id);
    const value = await readJson(runPaths(workspace, slot.run_id).metadata).catch(() => undefined);
    const root = z.object({ lineage: z.object({ root: z.string() }) }).safeParse(value).data;
    if (root !== undefined) busy.add(root.lineage.root);
  }
  return busy;
}

/**
 * Moves runs out of sight, private parts first, so that one that is only half gone is found and
 * finished next time. Under the launch lease: a run that is to be continued right now is busy when
 * this looks, or gone when that does. Answers those that are gone, and takes them out of the catalogue.
 */
export async function moveAway(
  host: Host,
  workspace: Workspace,
  selected: readonly Selected[],
  catalogue: Catalogue,
  until: () => boolean,
): Promise<Selected[]> {
  const gone: Selected[] = [];
  if (selected.length === 0) return gone;
  await makePrivateDir(host.home.trash);
  await makePrivateDir(managedDir(workspace, 'tmp'));
  for (let at = 0; at < selected.length && !until(); at += AT_ONCE) {
    await withLease(sharedPaths(workspace).launchLease, TURN_MS, async () => {
      const busy = await busyTasks(workspace);
      for (const run of selected.slice(at, at + AT_ONCE)) {
        const entry = catalogue.runs.get(run.run_id);
        if (busy.has(entry?.root ?? run.run_id)) continue;
        catalogue.runs.delete(run.run_id);
        try {
          await moveRun(host, workspace, run, catalogue);
          gone.push(run);
        } catch {
          // One that cannot be moved must not keep the others; it is tried again next time.
          if (entry !== undefined) catalogue.runs.set(run.run_id, entry);
        }
      }
    });
  }
  return gone;
}

const references = z.object({
  run_id: z.string(),
  state: z.enum(RUN_STATES),
  thread_id: z.string().optional(),
  idempotency_key: z.string().optional(),
});

async function moveRun(
  { home }: Host,
  workspace: Workspace,
  { run_id, session }: Selected,
  catalogue: Catalogue,
): Promise<void> {
  const paths = runPaths(workspace, run_id);
  const record = references.safeParse(await readJson(paths.metadata).catch(() => undefined)).data;
  if (session !== null && isUnused(session, catalogue)) {
    await toTrash(join(home.sessions, session), home.trash);
  }
  await toTrash(privateRunPaths(home, run_id).dir, home.trash);
  if (record !== undefined && isFinal(record.state)) {
    const { thread_id, idempotency_key } = record;
    await forgetKey(workspace, { run_id, idempotency_key });
    await forgetLast(workspace, { run_id, thread_id });
  }
  await toTrash(paths.dir, managedDir(workspace, 'tmp'));
}

/** No run that is still there refers to it. */
export function isUnused(session: string, { runs }: Catalogue): boolean {
  for (const run of runs.values()) if (run.session === session) return false;
  return true;
}

/** Moves it out of sight; answers where it waits to be removed, or undefined where it is gone. */
export async function toTrash(path: string, trash: string): Promise<string | undefined> {
  const target = join(trash, `${REMOVED}${randomBase32(8)}`);
  try {
    await rename(path, target);
    return target;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    // Somebody has put this part on another disk.
    if (errnoOf(error) !== 'EXDEV') throw error;
    await rm(path, { recursive: true, force: true });
    return undefined;
  }
}
