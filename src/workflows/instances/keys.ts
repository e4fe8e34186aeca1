import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { digestOf } from '../../core/ids.ts';
import { readJson, writeJsonAtomic } from '../../store/atomic.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import { sharedPaths, type Workspace } from '../../workspace/layout.ts';
import { readWorkflowRecord, type WorkflowRecord } from './record.ts';

/** The workflow an idempotency key has started; undefined where it has not, or where it was removed. */
export async function workflowOfKey(
  workspace: Workspace,
  key: string | undefined,
): Promise<WorkflowRecord | undefined> {
  if (key === undefined) return undefined;
  const file = await readJson(keyPath(workspace, key)).catch(() => undefined);
  const id = z.object({ workflow_id: z.string() }).safeParse(file).data?.workflow_id;
  return id === undefined ? undefined : readWorkflowRecord(workspace, id).catch(() => undefined);
}

export async function rememberWorkflowKey(
  workspace: Workspace,
  key: string,
  workflow_id: string,
): Promise<void> {
  const entry = { schema_version: SCHEMA_VERSION, workflow_id };
  await writeJsonAtomic(keyPath(workspace, key), entry, { durable: true });
}

export async function forgetWorkflowKey(workspace: Workspace, key: string): Promise<void> {
  await rm(keyPath(workspace, key), { force: true });
}

/** Beside those of runs, and never one of theirs. */
function keyPath(workspace: Workspace, key: string): string {
  return join(sharedPaths(workspace).keys, `workflow-${digestOf(key)}.json`);
}
