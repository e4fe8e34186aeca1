import type { Redactor } from '../../core/redact.ts';
import type { Instance } from '../core/instance.ts';
import { forgetActive, rememberActive } from '../instances/active.ts';
import { isRecorded } from '../instances/ensure.ts';
import {
  type FoundWorkflow,
  readWorkflowRecord,
  writeWorkflowRecord,
} from '../instances/record.ts';
import { reportOf, writeReport } from '../instances/report-file.ts';

/** Its last words: the report, how it ended in the record, and then it is none of those that go on. */
export async function settleWorkflow(
  found: FoundWorkflow,
  instance: Instance,
  redact: Redactor,
): Promise<void> {
  const { workspace, paths } = found;
  const record = await readWorkflowRecord(workspace, found.record.workflow_id);
  const { state, reason, ended, updated } = instance;
  if (!isRecorded(record, instance)) {
    // Whoever reads that it is over finds the report; that it cannot be written keeps nobody from that.
    await reportOf(found, redact)
      .then((report) => writeReport(found, report))
      .catch(() => undefined);
    const end = { state, reason: redact(reason), time: ended ?? updated };
    await writeWorkflowRecord(paths, { ...record, end });
  }
  await forgetActive(paths);
}

/** It goes on after its end. */
export async function reopenWorkflow({ workspace, paths, record }: FoundWorkflow): Promise<void> {
  const { end, ...rest } = await readWorkflowRecord(workspace, record.workflow_id);
  if (end === undefined) return;
  await rememberActive(workspace, paths);
  await writeWorkflowRecord(paths, rest);
}
