import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { CcError } from '../core/errors.ts';
import { KeyFile } from '../store/key-file.ts';
import { runPaths, sharedPaths, type Workspace } from '../workspace/layout.ts';
import { type RunRecord, readRecord } from './record.ts';

/** The run an idempotency key has started; undefined where it has not, or where the run was removed. */
export async function runOfKey(
  workspace: Workspace,
  key: string | undefined,
): Promise<RunRecord | undefined> {
  if (key === undefined) return undefined;
  const runId = await fileOf(workspace, key).read();
  if (runId === undefined) return undefined;
  try {
    return await readRecord(runPaths(workspace, runId), runId);
  } catch (error) {
    if (error instanceof CcError && error.code === 'RUN_NOT_FOUND') return undefined;
    throw error;
  }
}

export async function rememberKey(workspace: Workspace, record: RunRecord): Promise<void> {
  const { idempotency_key: key, run_id } = record;
  if (key !== undefined) await fileOf(workspace, key).write(run_id);
}

/** Of a run that is removed. */
export async function forgetKey(
  workspace: Workspace,
  { run_id, idempotency_key: key }: Pick<RunRecord, 'run_id' | 'idempotency_key'>,
): Promise<void> {
  if (key !== undefined) await fileOf(workspace, key).forget(run_id);
}

function fileOf(workspace: Workspace, key: string): KeyFile {
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 32);
  return new KeyFile(join(sharedPaths(workspace).keys, `${digest}.json`), 'run_id');
}
