import * as z from 'zod';
import { planShadow, shadowRun } from '../../benchmarks/shadow.ts';
import { shadowLine } from '../../routing/shadow-results.ts';
import { findRun } from '../../runs/find.ts';
import { defineTool } from '../define.ts';
import { model, runId } from '../fields.ts';
import { planned, planView } from '../runs/run-input.ts';

export default defineTool({
  name: 'cc_shadow_run',
  area: 'profiles',
  kind: 'launch',
  title: 'Shadow run: compare two models',
  summary:
    'Try a candidate model on the task of a finished read-only run and compare; its answer is not used.',
  input: z.strictObject({
    run_id: runId,
    profile: z.string().min(1).max(200).describe('The candidate.'),
    model,
    max_usd: z.number().positive().optional(),
    dry_run: z.boolean().optional(),
  }),
  output: shadowLine.partial().extend({
    ...planned.partial().shape,
    shadow_run: z.string().optional(),
    still_running: z.literal(true).optional(),
    next: z.string().optional(),
  }),
  handler: async (input, context) => {
    const { host } = context;
    const original = await findRun(host, input.run_id, undefined);
    const request = { profile: input.profile, model: input.model, maxUsd: input.max_usd };
    if (input.dry_run) {
      const { workspace, record } = original;
      const plan = await planShadow(host, original, request);
      return planView(plan, { workspace, cwd: record.cwd, source: 'argument' });
    }
    const { run_id, line } = await shadowRun(host, original, request, {
      timeoutMs: context.client.waitSeconds * 1000,
      signal: context.signal,
    });
    if (line !== undefined) return line;
    const next = 'Call again with the same arguments for the comparison.';
    return { shadow_run: run_id, still_running: true as const, next };
  },
});
