import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import { actorOf } from '../actor.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd, runId } from '../fields.ts';

const load = /* @__PURE__ */ lazy(() => import('../../judgement/review-run.ts'));

const TOLD = 12;

export default defineTool({
  name: 'cc_decision_review',
  area: 'judgement',
  kind: 'write',
  summary:
    'Review a decision about a run: approve, revise or block, with evidence, objections, missing evidence, required changes.',
  aliases: ['cc_supervise_decision'],
  input: z.strictObject({
    run_id: runId,
    proposed_action: z.string().max(12_000).optional().describe('Only recorded.'),
    note: z.string().max(12_000).optional(),
    cwd,
  }),
  output: z.object({
    verdict: z.enum(['approve', 'revise', 'block']),
    evidence: z.array(z.string()),
    objections: z.array(z.string()),
    missing_evidence: z.array(z.string()),
    required_changes: z.array(z.string()),
    /** Its entry in the ledger. */
    seq: z.number(),
    /** Decided before, and what came of it. */
    earlier: z.array(
      z.object({
        seq: z.number(),
        time: z.string(),
        decided: z.string(),
        why: z.string().optional(),
        came_of: z.array(z.string()),
      }),
    ),
  }),
  failed: ({ verdict }) => verdict !== 'approve',
  handler: async ({ proposed_action: proposed, note, ...asked }, context) => {
    const run = await askedRun(context, asked);
    const { reviewDecision } = await load();
    const review = await reviewDecision(context.host, run, {
      proposed,
      note,
      actor: actorOf(context),
    });
    return {
      ...review,
      evidence: review.evidence.slice(0, TOLD),
      objections: review.objections.slice(0, TOLD),
      required_changes: review.required_changes.slice(0, TOLD),
    };
  },
});
