import * as z from 'zod';
import { stopRun } from '../../runs/stop.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd, runId } from '../fields.ts';

export default defineTool({
  name: 'cc_stop_run',
  area: 'runs',
  kind: 'destructive',
  core: true,
  summary: 'Stop (cancel, kill) a worker run and its processes; what it did is kept.',
  input: z.strictObject({
    run_id: runId,
    force: z.boolean().optional().describe('Kill at once, without interrupting first.'),
    timeout_seconds: z.int().min(1).max(60).optional().describe('Wait 1-60 s, default 15.'),
    cwd,
  }),
  output: z.object({
    run_id: z.string(),
    state: z.string(),
    stopped: z.boolean(),
    already_ended: z.boolean(),
    request_id: z.string().optional(),
  }),
  failed: ({ stopped }) => stopped !== true,
  handler: async (input, context) => {
    return stopRun(context.host, await askedRun(context, input), {
      force: input.force ?? false,
      timeoutMs: (input.timeout_seconds ?? 15) * 1000,
      from: context.client.name,
      signal: context.signal,
    });
  },
});
