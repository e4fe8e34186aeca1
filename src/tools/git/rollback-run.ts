import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import { actorOf } from '../actor.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { runId } from '../fields.ts';
import { filesMoved, isRefused } from './files-moved.ts';
import { withoutSecrets } from './without-secrets.ts';

const load = /* @__PURE__ */ lazy(() => import('../../undo/answer.ts'));

export default defineTool({
  name: 'cc_rollback_run',
  area: 'git',
  kind: 'destructive',
  title: 'Roll back a run: undo its changes',
  summary:
    'Roll back (restore, revert) all files a run changed; a preview unless apply. Refuses to lose newer edits.',
  input: z.strictObject({
    run_id: runId,
    apply: z.boolean().optional().describe('Do it.'),
    paths: z.array(z.string().min(1).max(4096)).max(1000).optional().describe('Only these.'),
    refs: z.boolean().optional().describe('Also HEAD and branches.'),
  }),
  output: z.object({
    run_id: z.string(),
    ...filesMoved,
    already: z.number().optional(),
    /** Changed since the run; a rollback is refused. */
    conflicts: z.array(z.string()).optional(),
    /** Content that was not kept; a rollback of them is refused. */
    not_restorable: z.array(z.string()).optional(),
    /** Changed meanwhile by nobody we know; left alone unless named. */
    unattributed: z.array(z.string()).optional(),
    left: z.array(z.string()).optional(),
    commits: z.string().optional(),
    hint: z.string().optional(),
  }),
  failed: isRefused,
  handler: async (input, context) => {
    const run = await askedRun(context, input);
    const { answerRollback } = await load();
    return withoutSecrets(
      context.host,
      await answerRollback(context.host, run, input, actorOf(context)),
    );
  },
});
