import * as z from 'zod';
import { digestRun, runDigest } from '../../runs/digest-run.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd, runId } from '../fields.ts';

export default defineTool({
  name: 'cc_summarize_run',
  area: 'runs',
  kind: 'read',
  title: 'Summary of a run',
  summary: 'Summarize a run: done, found, changed, remaining, risk flags, and what to do next.',
  input: z.strictObject({ run_id: runId, cwd }),
  output: runDigest,
  handler: async (input, context) => digestRun(context.host, await askedRun(context, input)),
});
