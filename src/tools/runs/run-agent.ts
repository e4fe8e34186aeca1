import * as z from 'zod';
import { compact } from '../../core/json.ts';
import { isFinal, type RunState } from '../../core/vocabulary.ts';
import { findRun } from '../../runs/find.ts';
import { launchRun } from '../../runs/launch.ts';
import { controllerOf, markTold, removeNote } from '../../runs/outbox.ts';
import { planRun } from '../../runs/plan.ts';
import type { RunRecord } from '../../runs/record.ts';
import { postureNote } from '../../runs/scope/posture.ts';
import { hasEnded, lookAt, viewOf } from '../../runs/view.ts';
import { runPaths } from '../../workspace/layout.ts';
import { defineTool, type ToolContext } from '../define.ts';
import { waitSeconds } from '../fields.ts';
import { readAnswer } from './answer.ts';
import { waitAndAsk } from './elicit-answers.ts';
import { launched, planView, requestOf, runInput } from './run-input.ts';

export default defineTool({
  name: 'cc_run_agent',
  area: 'runs',
  kind: 'launch',
  title: 'Run a worker agent: delegate a task and get its result',
  summary:
    'Delegate a short task to a worker agent and wait for its answer; still_running means go on with cc_wait_runs.',
  input: runInput
    .omit({ project_guidance: true, idempotency_key: true, final_only: true })
    .extend({ wait_seconds: waitSeconds }),
  output: launched.extend({
    still_running: z.literal(true).optional(),
    answer: z.string().optional(),
    /** For the next cc_wait_runs: what of this run has been told. */
    cursor: z.string().optional(),
  }),
  failed: ({ state }) => isFinal(state as RunState) && state !== 'succeeded',
  handler: async (input, context) => {
    const { host } = context;
    const place = await context.place(input.cwd);
    const request = requestOf(input, context);
    if (input.dry_run)
      return planView(await planRun(host, place, request, { preview: true }), place);
    const { record } = await launchRun(host, place, request);
    const paths = runPaths(place.workspace, record.run_id);
    const runs = [{ workspace: place.workspace, paths, record }];
    const { cursor } = await waitAndAsk(context, {
      runs,
      until: 'all',
      cursor: undefined,
      timeoutMs: (input.wait_seconds ?? context.client.waitSeconds) * 1000,
      signal: context.signal,
      progress: context.progress,
    });
    // Where its provider failed, the last of them is where its task goes on.
    const last = runs.at(-1)?.record.run_id ?? record.run_id;
    const run = await findRun(host, last, place.workspace);
    const live = await lookAt(host, run);
    for (const { record: each } of runs) {
      if (isFinal(each.state) || hasEnded(live)) await tellEnding(context, each);
    }
    return {
      ...viewOf(live, { whole: true, folder: true }),
      cursor,
      ...compact({
        not_enforced: record.posture && postureNote(record.posture),
        worktree: record.worktree?.root,
      }),
      ...(hasEnded(live)
        ? { answer: await readAnswer(run.paths) }
        : { still_running: true as const }),
    };
  },
});

/** At a shell the answer arrives; a client proves that by its next cursor. */
async function tellEnding({ host, client }: ToolContext, record: RunRecord): Promise<void> {
  const who = controllerOf(record);
  if (client.isShell) await removeNote(host, who, record.run_id);
  else await markTold(host, who, record.run_id, 'run');
}
