import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { CcError } from '../core/errors.ts';
import { readJson, writeJsonAtomic } from '../store/atomic.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import { runPaths, sharedPaths, type Workspace } from '../workspace/layout.ts';
import { type RunRecord, readRecord } from './record.ts';

/** The run an idempotency key has started; undefined where it has not, or where the run was removed. */
export async function runOfKey(
  workspace: Workspace,
  key: string | undefined,
): Promise<RunRecord | undefined> {
  if (key === undefined) return undefined;
  const runId = await idOfKey(workspace, key);
  if (runId === undefined) return undefined;
  try {
    return await readRecord(runPaths(workspace, runId), runId);
  } catch (error) {
    if (error instanceof CcError && error.code === 'RUN_NOT_FOUND') return undefined;
    throw error;
  }
}

export async function rememberKey(workspace: Workspace, record: RunRecord): Promise<void> {
  if (record.idempotency_key === undefined) return;
  await writeJsonAtomic(
    keyPath(workspace, record.idempotency_key),
    { schema_version: SCHEMA_VERSION, run_id: record.run_id },
    { durable: true },
  );
}

/** Of a run that is removed. */
export async function forgetKey(
  workspace: Workspace,
  record: Pick<RunRecord, 'run_id' | 'idempotency_key'>,
): Promise<void> {
  const { run_id, idempotency_key: key } = record;
  if (key === undefined || (await idOfKey(workspace, key)) !== run_id) return;
  await rm(keyPath(workspace, key), { force: true });
}

async function idOfKey(workspace: Workspace, key: string): Promise<string | undefined> {
  const file = await readJson(keyPath(workspace, key)).catch(() => undefined);
  return z.object({ run_id: z.string() }).safeParse(file).data?.run_id;
}

function keyPath(workspace: Workspace, key: string): string {
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 32);
  return join(sharedPaths(workspace).keys, `${digest}.json`);
}
