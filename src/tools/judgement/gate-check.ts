import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import { actorOf } from '../actor.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd, runId } from '../fields.ts';
import { BRIEF } from '../schema.ts';

const load = /* @__PURE__ */ lazy(() => import('../../judgement/gate/gate-run.ts'));

const names = z.array(z.string().max(64)).max(20);

export default defineTool({
  name: 'cc_gate_check',
  area: 'judgement',
  kind: 'write',
  summary:
    'Merge gate of a run: GO, HOLD or ESCALATE (verdict, size, coverage, blockers, reviews, CI).',
  input: z.strictObject({
    run_id: runId,
    reviews: names.optional().describe('Review runs.'),
    ci: z.string().max(4096).optional().describe('<commit>:success or JSON file.'),
    limits: z
      .strictObject({
        min_coverage: z.number().min(0).max(100).optional(),
        max_lines: z.int().min(0).max(100_000).optional(),
        max_files: z.int().min(0).max(10_000).optional(),
      })
      .optional()
      .meta(BRIEF),
    waive: z
      .strictObject({ checks: names, reason: z.string().max(500) })
      .optional()
      .meta(BRIEF),
    cwd,
  }),
  output: z.object({
    decision: z.enum(['GO', 'HOLD', 'ESCALATE']),
    checks: z.array(z.object({ check: z.string(), status: z.string(), detail: z.string() })),
    /** What CI had to be about. */
    commit: z.string().nullable(),
    /** Its entry in the ledger. */
    seq: z.number(),
  }),
  failed: ({ decision }) => decision !== 'GO',
  handler: async ({ run_id, cwd: directory, reviews = [], ci, limits, waive }, context) => {
    const run = await askedRun(context, { run_id, cwd: directory });
    const { gateRun } = await load();
    return gateRun(context.host, run, {
      reviews,
      ci,
      minCoverage: limits?.min_coverage,
      maxLines: limits?.max_lines,
      maxFiles: limits?.max_files,
      waive: waive?.checks ?? [],
      reason: waive?.reason,
      actor: actorOf(context),
    });
  },
});
