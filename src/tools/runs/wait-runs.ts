import * as z from 'zod';
import { isFinal, type RunState } from '../../core/vocabulary.ts';
import { markTold } from '../../runs/outbox.ts';
import { waitResult } from '../../runs/wait.ts';
import { nothingToWaitFor, runsToWaitFor } from '../../runs/wait-set.ts';
import { defineTool } from '../define.ts';
import { cwd, waitSeconds } from '../fields.ts';
import { waitAndAsk } from './elicit-answers.ts';

export default defineTool({
  name: 'cc_wait_runs',
  area: 'runs',
  kind: 'read',
  core: true,
  title: 'Wait until workers are done (runs finished)',
  summary: 'Wait until a run ends or needs attention; pass the cursor on to miss nothing.',
  input: z.strictObject({
    run_ids: z
      .array(z.string().max(64))
      .min(1)
      .max(64)
      .optional()
      .describe('Default: active ones, and endings not yet told.'),
    until: z.enum(['any', 'all']).optional().describe('any change (default) or all ended.'),
    cursor: z.string().max(4000).optional().describe('Cursor of the previous wait.'),
    wait_seconds: waitSeconds,
    cwd,
  }),
  output: waitResult,
  handler: async (input, context) => {
    const { host, client } = context;
    const { threadId } = client;
    const { cursor } = input;
    const near =
      input.run_ids === undefined || input.cwd !== undefined
        ? (await context.place(input.cwd)).workspace
        : undefined;
    const set = await runsToWaitFor(host, { runIds: input.run_ids, near, threadId, cursor });
    // With a cursor the call may only have been made to acknowledge.
    if (set.runs.length === 0 && !cursor) throw nothingToWaitFor();
    const result = await waitAndAsk(context, {
      ...set,
      until: input.until ?? 'any',
      cursor,
      timeoutMs: (input.wait_seconds ?? client.waitSeconds) * 1000,
      signal: context.signal,
      progress: context.progress,
    });
    for (const { run_id, state } of result.changed) {
      const run =
        isFinal(state as RunState) && set.runs.find(({ record }) => record.run_id === run_id);
      if (run) await markTold(host, { threadId, workspace: run.workspace.root }, run_id, 'wait');
    }
    return result;
  },
});
