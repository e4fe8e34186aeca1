import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import { actorOf } from '../actor.ts';
import type { ToolContext } from '../define.ts';
import { cwd } from '../fields.ts';
import { filesMoved, isRefused } from './files-moved.ts';
import { withoutSecrets } from './without-secrets.ts';

const load = /* @__PURE__ */ lazy(() => import('../../undo/answer.ts'));

const input = z.strictObject({
  op_id: z.string().max(64).optional().describe('Default the last.'),
  apply: z.boolean().optional().describe('Do it.'),
  cwd,
});

const output = z.object({
  /** What is taken back, or done again. */
  of: z.object({ op_id: z.string(), kind: z.string(), run_id: z.string() }),
  ...filesMoved,
  conflicts: z.array(z.string()).optional(),
  not_restorable: z.array(z.string()).optional(),
  hint: z.string().optional(),
});

/** What the tools have in common that go back and forth between operations. */
export function reversal(direction: 'undo' | 'redo') {
  return {
    input,
    output,
    failed: isRefused,
    handler: async (asked: z.infer<typeof input>, context: ToolContext) => {
      const { workspace } = await context.place(asked.cwd);
      const { answerReversal } = await load();
      return withoutSecrets(
        context.host,
        await answerReversal(context.host, workspace, direction, asked, actorOf(context)),
      );
    },
  };
}
