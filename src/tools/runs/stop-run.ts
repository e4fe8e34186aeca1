import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { stopRun } from '../../runs/stop.ts';
import { stopAll } from '../../runs/stop-all.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd, runId } from '../fields.ts';

export default defineTool({
  name: 'cc_stop_run',
  area: 'runs',
  kind: 'destructive',
  core: true,
  title: 'Stop a worker, cancel a run',
  summary: 'Stop (cancel, kill) a run and its processes, or all; what it did is kept.',
  input: z.strictObject({
    run_id: runId.optional(),
    all: z.boolean().optional().describe('Every active run.'),
    force: z.boolean().optional().describe('Kill without interrupting first.'),
    timeout_seconds: z.int().min(1).max(60).optional().describe('Wait 1-60 s, default 15.'),
    cwd,
  }),
  output: z.object({
    run_id: z.string().optional(),
    state: z.string().optional(),
    /** With `all`: whether every one of them has. */
    stopped: z.boolean(),
    already_ended: z.boolean().optional(),
    request_id: z.string().optional(),
    runs: z
      .array(
        z.object({
          run_id: z.string(),
          state: z.string(),
          stopped: z.boolean(),
          error: z.string().optional(),
        }),
      )
      .optional(),
  }),
  failed: ({ stopped }) => stopped !== true,
  handler: async (input, context) => {
    const { run_id, all = false, cwd } = input;
    const options = {
      force: input.force ?? false,
      timeoutMs: (input.timeout_seconds ?? 15) * 1000,
      from: context.client.name,
      signal: context.signal,
    };
    if (all === (run_id !== undefined)) {
      throw new CcError('BAD_INPUT', `Both run_id and all are ${all ? 'given' : 'missing'}.`, {
        hint: 'Pass run_id to stop one run, or all: true to stop every active run of the project.',
      });
    }
    if (run_id !== undefined) {
      return stopRun(context.host, await askedRun(context, { run_id, cwd }), options);
    }
    const { workspace } = await context.place(cwd);
    const runs = await stopAll(context.host, workspace, options);
    return { stopped: runs.every((run) => run.stopped), runs };
  },
});
