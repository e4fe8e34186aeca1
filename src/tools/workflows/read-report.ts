import { byteLength } from '../../core/text.ts';
import { seenRedactor } from '../../profiles/seen-secrets.ts';
import type { WorkflowNow } from '../../workflows/instances/read.ts';
import { reportOf, writeReport } from '../../workflows/instances/report-file.ts';
import type { ToolContext } from '../define.ts';

/** Of the whole report; the result around it is small. */
const FULL_BYTES = 36_000;

/** The report as it is now, written to its file, and its end or all of it. */
export async function reportNow({ host }: ToolContext, now: WorkflowNow, full: boolean) {
  const report = await reportOf(now, seenRedactor());
  const isWritten =
    !host.readOnly &&
    (await writeReport(now, report).then(
      () => true,
      () => false,
    ));
  const { text, left } = full ? fitting(report.text) : { text: report.short, left: 0 };
  return {
    workflow_id: now.record.workflow_id,
    state: now.instance.state,
    file: isWritten ? now.paths.report : null,
    text,
    ...(left > 0 ? { left_out: left } : {}),
  };
}

/** Whole lines from the beginning, as bytes of JSON. */
function fitting(text: string): { text: string; left: number } {
  const lines = text.split('\n');
  let bytes = 0;
  const end = lines.findIndex((line) => {
    bytes += byteLength(JSON.stringify(line));
    return bytes > FULL_BYTES;
  });
  if (end === -1) return { text, left: 0 };
  const shown = lines.slice(0, end).join('\n');
  return { text: shown, left: byteLength(text) - byteLength(shown) };
}
