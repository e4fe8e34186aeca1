import { join } from 'node:path';
import * as z from 'zod';
import { readJson, writeJsonAtomic } from '../store/atomic.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import { sharedPaths, type Workspace } from '../workspace/layout.ts';
import { runIds } from './run-ids.ts';

/** More than anybody lists at once; some of them may have been removed. */
const KEPT = 200;

/** Remembers a run as the newest one. Call it under the launch lease, before the run has a record. */
export async function rememberRecent(workspace: Workspace, runId: string): Promise<void> {
  const before = (await read(workspace)) ?? (await runIds(workspace));
  await writeJsonAtomic(recentPath(workspace), {
    schema_version: SCHEMA_VERSION,
    runs: [...before.filter((id) => id !== runId), runId].slice(-KEPT),
  });
}

/** The newest runs, newest first, without looking at all of them; some may be gone. */
export async function recentIds(workspace: Workspace): Promise<string[]> {
  return ((await read(workspace)) ?? []).sort().reverse();
}

async function read(workspace: Workspace): Promise<string[] | undefined> {
  const value = await readJson(recentPath(workspace)).catch(() => undefined);
  return z.object({ runs: z.array(z.string()) }).safeParse(value).data?.runs;
}

function recentPath(workspace: Workspace): string {
  return join(sharedPaths(workspace).last, 'recent.json');
}
