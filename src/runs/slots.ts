import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isoTime, sleep } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { ifThere } from '../core/if-there.ts';
import { isFinal } from '../core/vocabulary.ts';
import { isAlive, selfIdentity } from '../proc/identity.ts';
import { createFileAtomic, makePrivateDir, readJson, writeJsonAtomic } from '../store/atomic.ts';
import { topLease } from '../store/lease.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import type { Host } from '../workspace/host.ts';
import { type RunPaths, runPaths, sharedPaths, type Workspace } from '../workspace/layout.ts';
import { rememberRecent } from './recent.ts';
import { type RunRecord, runRecord } from './record.ts';
import { logUsage } from './usage/log.ts';

/** A reader does not wait for somebody who holds up the usage log. */
const TURN_OF_READERS_MS = 50;

const slotFile = z.object({
  run_id: z.string(),
  profile: z.string(),
  launcher: z.object({ pid: z.number(), start: z.string(), boot: z.string() }),
});
export type Slot = z.infer<typeof slotFile>;

/**
 * Takes a launch slot; call it under the launch lease. A slot is a file per run that is not final,
 * so the same files are also the index of active runs. Over the limit is a refusal, not a queue.
 */
export async function takeSlot(
  host: Host,
  workspace: Workspace,
  wanted: { runId: string; profile: string; limit: number; intervalMs: number },
): Promise<void> {
  const taken = await activeSlots(workspace);
  const same = taken.filter((slot) => slot.profile === wanted.profile);
  if (same.length >= wanted.limit) {
    throw new CcError(
      'LIMIT_REACHED',
      `${same.length} runs with profile ${wanted.profile} are active; the limit is ${wanted.limit}.`,
      {
        hint: 'Wait for one (cc_wait_runs) or stop one (cc_stop_run); max_concurrent is in policy.yaml.',
        retryable: true,
        details: { active: same.map((slot) => slot.run_id) },
      },
    );
  }
  await keepInterval(host, workspace, wanted.intervalMs);
  await rememberRecent(workspace, wanted.runId);
  await writeJsonAtomic(slotPath(workspace, wanted.runId), {
    schema_version: SCHEMA_VERSION,
    run_id: wanted.runId,
    profile: wanted.profile,
    launcher: selfIdentity(),
  });
}

/** Slots of runs that are not final. A slot whose run never came to be is removed. */
export async function activeSlots(workspace: Workspace): Promise<Slot[]> {
  return (await takenSlots(workspace)).flatMap(({ slot, record }) =>
    record !== undefined && isFinal(record.state) ? [] : [slot],
  );
}

export type TakenSlot = {
  slot: Slot;
  /** Missing for a moment while its launcher writes it. */
  record: RunRecord | undefined;
};

/** Every slot with the record of its run, of which some may be final: they could not be logged yet. */
export async function takenSlots(workspace: Workspace): Promise<TakenSlot[]> {
  const taken: TakenSlot[] = [];
  for (const name of await slotNames(workspace)) {
    const slot = slotFile.safeParse(
      await readJson(join(sharedPaths(workspace).active, name)).catch(() => undefined),
    ).data;
    if (slot === undefined) continue;
    const paths = runPaths(workspace, slot.run_id);
    const record = runRecord.safeParse(await readJson(paths.metadata).catch(() => undefined)).data;
    if (record === undefined ? isStillborn(slot, paths) : await isSettled(workspace, record)) {
      await freeSlot(workspace, slot.run_id).catch(() => undefined);
    } else taken.push({ slot, record });
  }
  return taken;
}

/** The launcher died before it wrote the record; until then it is about to. */
function isStillborn(slot: Slot, paths: RunPaths): boolean {
  return !isAlive(slot.launcher) && topLease(paths.lease) === undefined;
}

/** A run that ended without being logged (full disk, killed supervisor) is logged by whoever looks. */
async function isSettled(workspace: Workspace, record: RunRecord): Promise<boolean> {
  return isFinal(record.state) && (await logUsage(workspace, record, TURN_OF_READERS_MS));
}

/** Puts a run that goes on back into the index, where somebody removed it. */
export async function restoreSlot(workspace: Workspace, record: RunRecord): Promise<void> {
  const slot = {
    schema_version: SCHEMA_VERSION,
    run_id: record.run_id,
    profile: record.profile.id,
    // Nobody is launching it any more.
    launcher: { pid: 0, start: '', boot: '' },
  };
  await makePrivateDir(sharedPaths(workspace).active);
  await createFileAtomic(slotPath(workspace, record.run_id), `${JSON.stringify(slot, null, 2)}\n`);
}

export async function freeSlot(workspace: Workspace, runId: string): Promise<void> {
  await rm(slotPath(workspace, runId), { force: true });
}

async function slotNames(workspace: Workspace): Promise<string[]> {
  const names = (await ifThere(readdir(sharedPaths(workspace).active))) ?? [];
  return names.filter((name) => name.endsWith('.json') && !name.startsWith('.')).sort();
}

/** Starts lie apart, because several at once are slower than one after the other. */
async function keepInterval(host: Host, workspace: Workspace, intervalMs: number): Promise<void> {
  const file = join(sharedPaths(workspace).launchLease, 'last-start.json');
  const last = z
    .object({ time: z.string() })
    .safeParse(await readJson(file).catch(() => undefined));
  const since = last.success ? host.clock.now().getTime() - Date.parse(last.data.time) : Infinity;
  if (since >= 0 && since < intervalMs) await sleep(intervalMs - since);
  await writeJsonAtomic(file, { schema_version: SCHEMA_VERSION, time: isoTime(host.clock.now()) });
}

function slotPath(workspace: Workspace, runId: string): string {
  return join(sharedPaths(workspace).active, `${runId}.json`);
}
