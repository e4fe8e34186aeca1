import * as z from 'zod';
import { steerRun } from '../../runs/instruct.ts';
import { lookAt, runView, viewOf } from '../../runs/view.ts';
import { runPaths, workspaceAt } from '../../workspace/layout.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd, model, profile, runId } from '../fields.ts';
import { BRIEF } from '../schema.ts';
import { budgetInput } from './run-input.ts';

export default defineTool({
  name: 'cc_send_instruction',
  area: 'runs',
  kind: 'launch',
  core: true,
  title: 'Send a message: steer, resume, continue',
  summary:
    'Steer a running worker with a message or narrower scope, or resume a finished run in its session.',
  input: z.strictObject({
    run_id: runId,
    instruction: z.string().min(1).max(24_000).optional().describe('What to tell it.'),
    when: z.enum(['next_step', 'now', 'after_turn']).optional().describe('now interrupts.'),
    scope: z
      .strictObject({
        paths: z.array(z.string().min(1).max(500)).max(100).optional(),
        commands: z.array(z.string().min(1).max(1000)).max(100).optional(),
      })
      .optional()
      .describe('Narrows its scope.')
      .meta(BRIEF),
    mode: z.enum(['read_only', 'normal']).optional().describe('Forbid changes, or not.'),
    model,
    profile,
    budget: budgetInput,
    cwd,
  }),
  output: runView.partial().extend({
    run_id: z.string(),
    how: z.enum(['running', 'pending', 'continued']),
    done: z.array(z.string()).optional(),
    request_id: z.string().optional(),
    drift: z.string().optional(),
  }),
  handler: async (input, context) => {
    const run = await askedRun(context, input);
    const steered = await steerRun(
      context.host,
      run,
      {
        instruction: input.instruction,
        when: input.when,
        narrow: input.scope,
        mode: input.mode,
        model: input.model,
        profile: input.profile,
        budget: input.budget,
        client: context.client.name,
        threadId: context.client.threadId,
      },
      { from: context.client.name, signal: context.signal },
    );
    if (steered.how !== 'continued') return { run_id: run.record.run_id, ...steered };
    const { record } = steered;
    const workspace = workspaceAt(record.workspace);
    const live = await lookAt(context.host, {
      workspace,
      record,
      paths: runPaths(workspace, record.run_id),
    });
    const drift = record.lineage?.drift;
    return {
      ...viewOf(live, { whole: true }),
      how: 'continued' as const,
      ...(drift === undefined ? {} : { drift: `${drift.from} -> ${drift.to}` }),
    };
  },
});
