import * as z from 'zod';
import { verifyLedger } from '../../ledger/verify.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

/** Problems told one by one; a rewritten ledger would have one per line. */
const TOLD = 30;

export default defineTool({
  name: 'cc_ledger_verify',
  area: 'ledger',
  kind: 'read',
  summary:
    'Check ledger and receipts for tampering: edited, deleted, reordered, duplicated, truncated or forked entries.',
  input: z.strictObject({
    run_id: z.string().max(64).optional().describe('Check this receipt only.'),
    cwd,
  }),
  output: z.object({
    ok: z.boolean(),
    lines: z.number(),
    entries: z.number(),
    head: z.object({ seq: z.number(), hash: z.string() }).nullable(),
    anchored: z.number().nullable(),
    receipts: z.object({ checked: z.number(), files_of: z.number() }),
    problem_count: z.number(),
    problems: z.array(z.object({ class: z.string(), line: z.number(), text: z.string() })),
    notes: z.array(z.string()),
    limits: z.string(),
  }),
  failed: ({ ok }) => ok === false,
  handler: async ({ run_id, cwd: directory }, { host, place }) => {
    const { workspace } = await place(directory);
    const {
      problems,
      runLine: _line,
      ...verdict
    } = await verifyLedger(host, workspace, { runId: run_id });
    return { ...verdict, problem_count: problems.length, problems: problems.slice(0, TOLD) };
  },
});
