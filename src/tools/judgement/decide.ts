import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { compact } from '../../core/json.ts';
import { lazy } from '../../core/lazy.ts';
import { ACTIONS, RULES } from '../../judgement/decide.ts';
import { actorOf } from '../actor.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

const load = /* @__PURE__ */ lazy(() => import('../../judgement/decide-run.ts'));

export default defineTool({
  name: 'cc_decide',
  area: 'judgement',
  kind: 'write',
  title: 'Decide what to do next',
  summary:
    'Decide what to do next about a run: exactly one of wait, reject, escalate, investigate, complete, dispatch, with its rule.',
  input: z.strictObject({
    run_id: z.string().max(64).optional(),
    pending: z.int().min(0).max(100_000).optional().describe('Tasks you have still to hand out.'),
    cwd,
  }),
  output: z.object({
    action: z.enum(ACTIONS),
    rule: z.enum(RULES),
    why: z.string(),
    /** The step that follows from it. */
    next: z.string(),
    /** Its entry in the ledger; waiting is not recorded. */
    seq: z.number().optional(),
    inputs: z.record(z.string(), z.unknown()),
  }),
  handler: async ({ run_id, pending = 0, cwd: directory }, context) => {
    const run =
      run_id === undefined
        ? undefined
        : await askedRun(context, { run_id, cwd: directory }).catch(noSuchRun);
    const { decideRun } = await load();
    const { seq, inputs, ...verdict } = await decideRun(context.host, run, {
      pending,
      actor: actorOf(context),
    });
    return { ...verdict, ...compact({ seq }), inputs };
  },
});

/** An id that nobody knows is an answer of its own. */
function noSuchRun(error: unknown): undefined {
  if (error instanceof CcError && error.code === 'RUN_NOT_FOUND') return undefined;
  throw error;
}
