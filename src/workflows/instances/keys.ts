import { join } from 'node:path';
import { CcError } from '../../core/errors.ts';
import { digestOf } from '../../core/ids.ts';
import { KeyFile } from '../../store/key-file.ts';
import { sharedPaths, type Workspace } from '../../workspace/layout.ts';
import { readWorkflowRecord, type WorkflowRecord } from './record.ts';

/** The workflow an idempotency key has started; undefined where it has not, or where it was removed. */
export async function workflowOfKey(
  workspace: Workspace,
  key: string | undefined,
): Promise<WorkflowRecord | undefined> {
  if (key === undefined) return undefined;
  const id = await fileOf(workspace, key).read();
  if (id === undefined) return undefined;
  try {
    return await readWorkflowRecord(workspace, id);
  } catch (error) {
    // One that cannot be read was started all the same.
    if (error instanceof CcError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

type Keyed = Pick<WorkflowRecord, 'workflow_id' | 'idempotency_key'>;

export async function rememberWorkflowKey(
  workspace: Workspace,
  { workflow_id, idempotency_key: key }: Keyed,
): Promise<void> {
  if (key !== null) await fileOf(workspace, key).write(workflow_id);
}

/** Of one that is removed. */
export async function forgetWorkflowKey(
  workspace: Workspace,
  { workflow_id, idempotency_key: key }: Keyed,
): Promise<void> {
  if (key !== null) await fileOf(workspace, key).forget(workflow_id);
}

/** Beside those of runs, and never one of theirs. */
function fileOf(workspace: Workspace, key: string): KeyFile {
  const name = `workflow-${digestOf(key)}.json`;
  return new KeyFile(join(sharedPaths(workspace).keys, name), 'workflow_id');
}
