import type { Redactor } from '../../core/redact.ts';
import type { Instance } from '../core/instance.ts';
import { forgetActive } from '../instances/active.ts';
import {
  type FoundWorkflow,
  readWorkflowRecord,
  writeWorkflowRecord,
} from '../instances/record.ts';

/** Its last words: how it ended in the record, and then it is no longer among those that go on. */
export async function settleWorkflow(
  { workspace, paths, record: { workflow_id } }: FoundWorkflow,
  { state, reason, ended, updated }: Instance,
  redact: Redactor,
): Promise<void> {
  const record = await readWorkflowRecord(workspace, workflow_id);
  const end = { state, reason: redact(reason), time: ended ?? updated };
  const isTold = record.end?.state === end.state && record.end.time === end.time;
  if (!isTold) await writeWorkflowRecord(paths, { ...record, end });
  await forgetActive(paths);
}
