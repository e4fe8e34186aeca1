import { launchRun } from '../../runs/launch.ts';
import { planRun } from '../../runs/plan.ts';
import { lookAt, viewOf } from '../../runs/view.ts';
import { runPaths } from '../../workspace/layout.ts';
import { defineTool } from '../define.ts';
import { launched, planView, requestOf, runInput } from './run-input.ts';

export default defineTool({
  name: 'cc_run_streaming_agent',
  area: 'runs',
  kind: 'launch',
  core: true,
  summary:
    'Start a worker agent on a task in the background; returns its run id at once. Follow it with cc_wait_runs.',
  input: runInput,
  output: launched,
  handler: async (input, context) => {
    const place = await context.place(input.cwd);
    const request = requestOf(input, context);
    if (input.dry_run) return planView(await planRun(context.host, place, request), place);
    const { record, existing } = await launchRun(context.host, place, request);
    const paths = runPaths(place.workspace, record.run_id);
    const live = await lookAt(context.host, { workspace: place.workspace, paths, record });
    return {
      ...viewOf(live, { whole: true }),
      reason: record.pick_reason,
      ...(existing ? { existing: true as const } : {}),
    };
  },
});
