import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { lazy } from '../../core/lazy.ts';
import { actorOf } from '../actor.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd, runId } from '../fields.ts';

const load = /* @__PURE__ */ lazy(() => import('../../judgement/score-run.ts'));

export default defineTool({
  name: 'cc_score_worker',
  area: 'judgement',
  kind: 'write',
  title: 'Quality score of a run',
  summary:
    'Quality score 0-100 of a worker run for the model that really answered; feeds routing, counts a run once.',
  input: z.strictObject({
    run_id: runId,
    rating: z.int().min(0).max(100).optional().describe('Yours, 0-100; needs reason.'),
    reason: z.string().max(1000).optional(),
    cwd,
  }),
  output: z.object({
    /** null: nothing is known of the work. */
    score: z.number().nullable(),
    model: z.string().nullable(),
    verdict: z.string().nullable(),
    rating: z.number().nullable(),
    parts: z.array(z.object({ name: z.string(), value: z.number(), weight: z.number() })),
    unknown: z.array(z.string()),
    /** Another score than before, which counts from now on. */
    changed: z.boolean(),
  }),
  handler: async ({ rating, reason, ...asked }, context) => {
    const run = await askedRun(context, asked);
    if (rating !== undefined && !reason?.trim()) {
      throw new CcError('BAD_INPUT', 'A rating needs a reason.', {
        hint: 'Say in reason what was good or bad about the work.',
      });
    }
    const given = rating === undefined ? undefined : { rating, reason: reason ?? '' };
    const { scoreRun } = await load();
    return scoreRun(context.host, run, given, actorOf(context));
  },
});
