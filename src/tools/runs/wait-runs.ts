import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { activeRuns } from '../../runs/list.ts';
import { findRuns, waitForRuns, waitResult } from '../../runs/wait.ts';
import { defineTool } from '../define.ts';
import { cwd, waitSeconds } from '../fields.ts';

export default defineTool({
  name: 'cc_wait_runs',
  area: 'runs',
  kind: 'read',
  core: true,
  summary: 'Wait until a worker run ends or needs attention; pass the cursor on to miss nothing.',
  input: z.strictObject({
    run_ids: z
      .array(z.string().max(64))
      .min(1)
      .max(64)
      .optional()
      .describe('Default: the active runs of the project.'),
    until: z.enum(['any', 'all']).optional().describe('any change (default) or all ended.'),
    cursor: z.string().max(4000).optional().describe('Cursor of the previous wait.'),
    wait_seconds: waitSeconds,
    cwd,
  }),
  output: waitResult,
  handler: async (input, context) => {
    const { host } = context;
    const near =
      input.run_ids === undefined || input.cwd !== undefined
        ? (await context.place(input.cwd)).workspace
        : undefined;
    const runs =
      input.run_ids !== undefined
        ? await findRuns(host, input.run_ids, near)
        : near === undefined
          ? []
          : await activeRuns(near);
    if (runs.length === 0) {
      throw new CcError('NOT_FOUND', 'No run is active in this project.', {
        hint: 'Start one with cc_run_streaming_agent, or see cc_run_status with include_finished.',
      });
    }
    return waitForRuns(host, {
      runs,
      until: input.until ?? 'any',
      cursor: input.cursor,
      timeoutMs: (input.wait_seconds ?? context.client.waitSeconds) * 1000,
      signal: context.signal,
      progress: context.progress,
    });
  },
});
