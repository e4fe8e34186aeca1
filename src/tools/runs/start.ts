import type * as z from 'zod';
import { compact } from '../../core/json.ts';
import { launchRun } from '../../runs/launch.ts';
import { planRun } from '../../runs/plan.ts';
import { postureNote } from '../../runs/scope/posture.ts';
import { lookAt, viewOf } from '../../runs/view.ts';
import { runPaths } from '../../workspace/layout.ts';
import type { ToolContext } from '../define.ts';
import { type launched, planView, type RunInput, requestOf } from './run-input.ts';

/** Starts a run in the background, or shows what it would be. */
export async function start(
  input: RunInput,
  context: ToolContext,
): Promise<z.input<typeof launched>> {
  const place = await context.place(input.cwd);
  const request = requestOf(input, context);
  if (input.dry_run)
    return planView(await planRun(context.host, place, request, { preview: true }), place);
  const { record, existing } = await launchRun(context.host, place, request);
  const paths = runPaths(place.workspace, record.run_id);
  const live = await lookAt(context.host, { workspace: place.workspace, paths, record });
  // The caller has just written the task. A key may name an older run, which it may not remember.
  const { title, ...view } = viewOf(live, { whole: true });
  return {
    ...view,
    ...(existing && title !== undefined ? { title } : {}),
    reason: record.pick_reason,
    ...compact({ not_enforced: record.posture && postureNote(record.posture) }),
    ...(existing ? { existing: true as const } : {}),
  };
}
