import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { digestOf } from '../core/ids.ts';
import { readJson, writeJsonAtomic } from '../store/atomic.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import { sharedPaths, type Workspace } from '../workspace/layout.ts';
import type { RunRecord } from './record.ts';

/** Remembers this run as the last one, of the workspace and of the controller's thread. */
export async function rememberLast(workspace: Workspace, record: RunRecord): Promise<void> {
  const value = { schema_version: SCHEMA_VERSION, run_id: record.run_id };
  await writeJsonAtomic(lastPath(workspace, undefined), value);
  if (record.thread_id !== undefined) {
    await writeJsonAtomic(lastPath(workspace, record.thread_id), value);
  }
}

/** Of a run that is removed: nobody's last run is one that is gone. */
export async function forgetLast(
  workspace: Workspace,
  record: Pick<RunRecord, 'run_id' | 'thread_id'>,
): Promise<void> {
  for (const path of [lastPath(workspace, undefined), lastPath(workspace, record.thread_id)]) {
    if ((await read(path).catch(() => undefined)) === record.run_id)
      await rm(path, { force: true });
  }
}

/** The last run of the thread, else of the workspace, and which of the two it is. */
export async function lastRunId(
  workspace: Workspace,
  threadId: string | undefined,
): Promise<{ runId: string; of: 'thread' | 'workspace' } | undefined> {
  const own = threadId === undefined ? undefined : await read(lastPath(workspace, threadId));
  if (own !== undefined) return { runId: own, of: 'thread' };
  const any = await read(lastPath(workspace, undefined));
  return any === undefined ? undefined : { runId: any, of: 'workspace' };
}

async function read(path: string): Promise<string | undefined> {
  const value = await readJson(path);
  return z.object({ run_id: z.string() }).safeParse(value).data?.run_id;
}

/** A thread id comes from the client and becomes a file name only as a digest. */
function lastPath(workspace: Workspace, threadId: string | undefined): string {
  const name = threadId === undefined ? 'workspace' : `thread-${digestOf(threadId)}`;
  return join(sharedPaths(workspace).last, `${name}.json`);
}
