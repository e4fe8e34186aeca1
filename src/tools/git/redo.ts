import { lazy } from '../../core/lazy.ts';
import { actorOf } from '../actor.ts';
import { defineTool } from '../define.ts';
import { reversalInput, reversalOutput } from './reversal.ts';
import { withoutSecrets } from './without-secrets.ts';

const load = /* @__PURE__ */ lazy(() => import('../../undo/answer.ts'));

export default defineTool({
  name: 'cc_redo',
  area: 'git',
  kind: 'destructive',
  title: 'Redo what was undone',
  summary: 'Redo an undone rollback or apply; a preview unless apply. Refuses to lose newer edits.',
  input: reversalInput,
  output: reversalOutput,
  failed: ({ conflicts, not_restorable }) =>
    conflicts !== undefined || not_restorable !== undefined,
  handler: async (input, context) => {
    const { workspace } = await context.place(input.cwd);
    const { answerReversal } = await load();
    return withoutSecrets(
      context.host,
      await answerReversal(context.host, workspace, 'redo', input, actorOf(context)),
    );
  },
});
