import type { Redactor } from '../../core/redact.ts';
import type { Instance } from '../core/instance.ts';
import { forgetActive } from '../instances/active.ts';
import {
  type FoundWorkflow,
  readWorkflowRecord,
  writeWorkflowRecord,
} from '../instances/record.ts';
import { reportOf, writeReport } from '../instances/report-file.ts';

/** Its last words: the report, how it ended in the record, and then it is no longer among those that go on. */
export async function settleWorkflow(
  found: FoundWorkflow,
  { state, reason, ended, updated }: Instance,
  redact: Redactor,
): Promise<void> {
  const {
    workspace,
    paths,
    record: { workflow_id },
  } = found;
  // It can be written at any time from the journal; an end must not fail for it.
  await reportOf(found, redact)
    .then((report) => writeReport(found, report))
    .catch(() => undefined);
  const record = await readWorkflowRecord(workspace, workflow_id);
  const end = { state, reason: redact(reason), time: ended ?? updated };
  const isTold = record.end?.state === end.state && record.end.time === end.time;
  if (!isTold) await writeWorkflowRecord(paths, { ...record, end });
  await forgetActive(paths);
}
