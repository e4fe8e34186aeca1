import * as z from 'zod';
import { isFinal } from '../../core/vocabulary.ts';
import { changedSinceEnd, changesOfRun } from '../../runs/changes/read.ts';
import { changeSummary, summariseChanges } from '../../runs/changes/summarise.ts';
import { uncommittedChanges } from '../../runs/changes/uncommitted.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';
import { withoutSecrets } from './without-secrets.ts';

export default defineTool({
  name: 'cc_diff_summary',
  area: 'git',
  kind: 'read',
  title: 'What changed: summary of the diff',
  summary:
    'Small summary of what a run changed (files, lines, out of scope, unattributed, commits, risks), or of the uncommitted changes.',
  input: z.strictObject({
    run_id: z.string().max(64).optional().describe('Only what this run changed.'),
    cwd,
  }),
  output: z.object({
    run_id: z.string().optional(),
    state: z.string().optional(),
    ...changeSummary.shape,
    /** What the run changed is not known, and why. */
    problem: z.string().optional(),
    /** Edited after the end of the run, by whomever. */
    changed_since: z.object({ count: z.number(), paths: z.array(z.string()) }).optional(),
  }),
  handler: async (input, context) => {
    if (input.run_id === undefined) {
      const place = await context.place(input.cwd);
      const { host, signal } = context;
      const changes = await uncommittedChanges(host, place.cwd, signal);
      return withoutSecrets(host, summariseChanges(changes));
    }
    const run = await askedRun(context, { run_id: input.run_id, cwd: input.cwd });
    const { run_id, state } = run.record;
    const { changes, problem } = await changesOfRun(context.host, run, { signal: context.signal });
    const known = changes ?? { files: [], complete: problem === undefined, not_captured: [] };
    const since = isFinal(state)
      ? await changedSinceEnd(context.host, run, context.signal).catch(() => undefined)
      : undefined;
    return withoutSecrets(context.host, {
      run_id,
      state,
      ...summariseChanges(known),
      ...(problem === undefined ? {} : { problem }),
      ...(since === undefined || since.length === 0
        ? {}
        : { changed_since: { count: since.length, paths: since.slice(0, PATHS_SHOWN) } }),
    });
  },
});

const PATHS_SHOWN = 8;
