import { lazy } from '../../core/lazy.ts';
import { actorOf } from '../actor.ts';
import { defineTool } from '../define.ts';
import { reversalInput, reversalOutput } from './reversal.ts';
import { withoutSecrets } from './without-secrets.ts';

const load = /* @__PURE__ */ lazy(() => import('../../undo/answer.ts'));

export default defineTool({
  name: 'cc_undo',
  area: 'git',
  kind: 'destructive',
  title: 'Undo the last rollback or apply',
  summary:
    'Undo (take back) the last rollback or apply, or a named one; a preview unless apply. Refuses to lose newer edits.',
  input: reversalInput,
  output: reversalOutput,
  failed: ({ conflicts, not_restorable }) =>
    conflicts !== undefined || not_restorable !== undefined,
  handler: async (input, context) => {
    const { workspace } = await context.place(input.cwd);
    const { answerReversal } = await load();
    return withoutSecrets(
      context.host,
      await answerReversal(context.host, workspace, 'undo', input, actorOf(context)),
    );
  },
});
