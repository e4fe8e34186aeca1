import * as z from 'zod';
import { activeRuns, newestRuns } from '../../runs/list.ts';
import { lookAt, lookAtTask, runView, viewOf } from '../../runs/view.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

export default defineTool({
  name: 'cc_run_status',
  area: 'runs',
  kind: 'read',
  core: true,
  title: 'Run status: list active, running ones',
  summary: 'Status of one run, or list the active runs of a project.',
  input: z.strictObject({
    run_id: z.string().max(64).optional().describe('Run id; without it, a list.'),
    include_finished: z.boolean().optional().describe('List finished runs too.'),
    limit: z.int().min(1).max(100).optional().describe('Listed at most, 1-100, default 10.'),
    cwd,
  }),
  output: z.object({ active: z.number().optional(), runs: z.array(runView) }),
  handler: async (input, context) => {
    const { host } = context;
    if (input.run_id !== undefined) {
      const run = await askedRun(context, { run_id: input.run_id, cwd: input.cwd });
      const live = await lookAtTask(host, run);
      return { runs: live.map((one) => viewOf(one, { whole: true, folder: true })) };
    }
    const { workspace } = await context.place(input.cwd);
    const active = await activeRuns(workspace);
    const listed = input.include_finished
      ? await newestRuns(workspace, input.limit ?? 10)
      : active.slice(-(input.limit ?? 10)).reverse();
    const live = await Promise.all(listed.map((run) => lookAt(host, run)));
    return { active: active.length, runs: live.map((run) => viewOf(run, { whole: true })) };
  },
});
