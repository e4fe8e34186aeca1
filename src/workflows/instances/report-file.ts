import { readFile } from 'node:fs/promises';
import { type Redactor, redact } from '../../core/redact.ts';
import { writeFileAtomic } from '../../store/atomic.ts';
import { newInstance } from '../core/new-instance.ts';
import { type Report, workflowReport } from '../views/report.ts';
import { readJournal } from './journal.ts';
import { readPlan } from './plan-file.ts';
import type { FoundWorkflow } from './record.ts';

/** The report of a workflow as its journal tells it now. */
export async function reportOf(
  { paths, record }: FoundWorkflow,
  hide: Redactor = redact,
): Promise<Report> {
  const { workflow_id, task, created: time, file, mock } = record;
  const plan = await readPlan(paths.plan);
  const { lines } = readJournal(paths.journal, undefined);
  const events = lines.flatMap(({ event }) => event ?? []);
  const first = newInstance(plan, { workflow_id, task, time });
  return workflowReport({ plan, first, events, file, mock, journal: paths.journal }, hide);
}

/** Writes `report.md` where it would say something new. */
export async function writeReport(found: FoundWorkflow, report: Report): Promise<void> {
  const { report: path } = found.paths;
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before !== report.text) await writeFileAtomic(path, report.text);
}
