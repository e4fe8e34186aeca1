import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd, runId } from '../fields.ts';

const load = /* @__PURE__ */ lazy(() => import('../../runs/secrets/answer.ts'));

export default defineTool({
  name: 'cc_secret_scan_run',
  area: 'runs',
  kind: 'read',
  title: 'Scan a run for secrets',
  summary:
    'Secrets (keys, tokens, passwords) a run put into files, commits or its output. Never prints values.',
  input: z.strictObject({
    run_id: runId,
    paths: z
      .array(z.string().min(1).max(1000))
      .max(100)
      .optional()
      .describe('Only these files, directories or globs.'),
    cwd,
  }),
  output: z.object({
    run_id: z.string(),
    /** Real candidates that the run brought in. */
    leaked: z.number(),
    counts: z.record(z.string(), z.number()),
    findings: z.array(
      z.object({
        class: z.string(),
        rule: z.string(),
        /** `src/a.ts:12`, `event 40`, `commit 0123abc src/a.ts`. */
        at: z.string(),
        shown: z.string(),
        fingerprint: z.string(),
        count: z.number().optional(),
        preexisting: z.literal(true).optional(),
        allowed: z.literal(true).optional(),
      }),
    ),
    omitted: z.number().optional(),
    files_scanned: z.number(),
    /** `scanned`, or why what changed could not be. */
    changes: z.string(),
    not_scanned: z.array(z.string()).optional(),
  }),
  failed: ({ leaked }) => leaked !== 0,
  handler: async (input, context) => {
    const found = await askedRun(context, input);
    const { answerScan } = await load();
    return answerScan(context.host, found, input.paths);
  },
});
