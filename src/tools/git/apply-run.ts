import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import { actorOf } from '../actor.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { runId } from '../fields.ts';
import { withoutSecrets } from './without-secrets.ts';

const load = /* @__PURE__ */ lazy(() => import('../../undo/apply.ts'));

export default defineTool({
  name: 'cc_apply_run',
  area: 'git',
  kind: 'destructive',
  title: 'Apply the changes of a worktree run: merge',
  summary:
    'Apply (merge) the accepted result of a worktree run to the project; a preview unless apply.',
  input: z.strictObject({
    run_id: runId,
    as: z.enum(['patch', 'commit', 'branch', 'discard']).optional().describe('Default patch.'),
    apply: z.boolean().optional().describe('Do it.'),
    force: z.string().trim().min(1).max(500).optional().describe('Reason, if not accepted.'),
  }),
  output: z.object({
    run_id: z.string(),
    as: z.string(),
    applied: z.boolean(),
    op_id: z.string().optional(),
    branch: z.string().optional(),
    commit: z.string().optional(),
    /** Of the last verification. */
    verdict: z.string().optional(),
    written: z.number().optional(),
    removed: z.number().optional(),
    folders: z.number().optional(),
    paths: z.array(z.string()).optional(),
    /** Files in which your edits and the run's were put together. */
    merged: z.array(z.string()).optional(),
    /** `path: lines …`, or why. */
    conflicts: z.array(z.string()).optional(),
    hint: z.string().optional(),
  }),
  failed: ({ conflicts }) => conflicts !== undefined,
  handler: async (input, context) => {
    const run = await askedRun(context, input);
    const { applyRun } = await load();
    const { as = 'patch', apply = false, force } = input;
    return withoutSecrets(
      context.host,
      await applyRun(context.host, run, { as, apply, force }, actorOf(context)),
    );
  },
});
