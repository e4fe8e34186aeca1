import * as z from 'zod';
import { compact } from '../../core/json.ts';
import { lazy } from '../../core/lazy.ts';
import { isOver, type WorkflowState } from '../../workflows/vocabulary.ts';
import { defineTool } from '../define.ts';
import { cwd, waitSeconds } from '../fields.ts';
import { askedWorkflow, problemShape, problemsOf, workflowInput } from './asked-workflow.ts';
import { workflowStatusShape } from './status-shape.ts';

const loadRunning = /* @__PURE__ */ lazy(() => import('../../workflows/instances/run.ts'));

export default defineTool({
  name: 'cc_workflow_run',
  area: 'workflows',
  kind: 'launch',
  summary: 'Run a workflow file: start its nodes as real workers; still_running means it goes on.',
  input: z.strictObject({
    ...workflowInput,
    task: z.string().max(100_000).optional().describe('What it is all for.'),
    mock: z.boolean().optional().describe('No worker starts; costs nothing.'),
    max_usd: z.number().positive().optional(),
    wake: z.boolean().optional().describe('Wake this Codex thread for decisions and at the end.'),
    idempotency_key: z.string().min(1).max(200).optional(),
    wait_seconds: waitSeconds,
    cwd,
  }),
  output: z.object({
    ok: z.boolean(),
    errors: z.array(problemShape).optional(),
    ...workflowStatusShape.partial().shape,
    /** The key had started it before. */
    existing: z.literal(true).optional(),
    still_running: z.literal(true).optional(),
    /** Nobody carries it on, and this host may not. */
    unsupervised: z.string().optional(),
    folder: z.string().optional(),
  }),
  failed: ({ ok, state }) =>
    ok !== true || state === 'broken' || (isOver(state as WorkflowState) && state !== 'succeeded'),
  handler: async (input, context) => {
    const { host, client, signal, progress } = context;
    const place = await context.place(input.cwd);
    const mock = input.mock ?? false;
    const { profilesOf, runWorkflow } = await loadRunning();
    const profiles = mock ? undefined : await profilesOf(host);
    const { plan, problems, sources } = await askedWorkflow(input, place, profiles);
    if (plan === undefined) return { ok: false, errors: problemsOf(problems, 'error') };
    const answer = await runWorkflow(
      host,
      place,
      {
        plan,
        sources,
        fromText: input.file === undefined,
        task: input.task ?? plan.description ?? plan.id,
        mock,
        limits: compact({ max_usd: input.max_usd }),
        idempotencyKey: input.idempotency_key,
        client: client.name,
        threadId: client.threadId,
        wake: input.wake,
        codexPath: client.codexPath,
      },
      { timeoutMs: (input.wait_seconds ?? client.waitSeconds) * 1000, signal, progress },
    );
    return { ok: true, ...answer };
  },
});
