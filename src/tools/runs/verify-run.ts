import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import { answerOf, verifyAnswer } from '../../verification/answer.ts';
import { parseCheck } from '../../verification/running/checks.ts';
import { actorOf } from '../actor.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { runId } from '../fields.ts';

const load = /* @__PURE__ */ lazy(() => import('../../verification/under-way.ts'));

export default defineTool({
  name: 'cc_verify_run',
  area: 'runs',
  kind: 'launch',
  title: 'Verify the work of a run: check its changes, run tests',
  summary: 'Verify a run by evidence, running its tests ourselves: accept, investigate or reject.',
  input: z.strictObject({
    run_id: runId,
    tests: z
      .array(z.string().trim().min(1).max(4000))
      .max(20)
      .optional()
      .describe('Commands that must pass.'),
    checks: z
      .array(z.string().trim().min(1).max(4000))
      .max(20)
      .optional()
      .describe('diff_not_empty, file_exists:<path>, custom_command:<cmd>, …'),
    min_coverage: z.number().min(0).max(100).optional(),
    timeout_seconds: z.int().min(1).max(86_400).optional(),
  }),
  output: verifyAnswer,
  failed: ({ verdict }) => verdict !== 'accept',
  handler: async (input, context) => {
    const request = {
      tests: input.tests,
      checks: (input.checks ?? []).map(parseCheck),
      minCoverage: input.min_coverage,
      timeoutSeconds: input.timeout_seconds,
    };
    const run = await askedRun(context, input);
    const { verifyAndWait } = await load();
    const outcome = await verifyAndWait(context.host, run, request, {
      timeoutMs: context.client.waitSeconds * 1000,
      signal: context.signal,
      endsWithCaller: context.client.isShell === true,
      progress: context.progress,
      actor: actorOf(context),
    });
    if ('under_way' in outcome) {
      return { run_id: input.run_id, still_running: true as const, doing: outcome.under_way };
    }
    return answerOf(outcome);
  },
});
