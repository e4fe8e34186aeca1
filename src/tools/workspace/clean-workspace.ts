import { existsSync } from 'node:fs';
import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import { clean, previewCleaning } from '../../runs/retention/clean.ts';
import { sharedPaths } from '../../workspace/layout.ts';
import { readPolicy } from '../../workspace/policy.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

const loadWorkflows = /* @__PURE__ */ lazy(() => import('../../workflows/instances/clean.ts'));

/** A client waits a minute; what is left then goes with the next call. */
const LONGEST_MS = 25_000;
const NOTHING = { remove: [], leftovers: [], left: 0, kept: { runs: 0, bytes: 0 } };

export default defineTool({
  name: 'cc_clean_workspace',
  area: 'workspace',
  kind: 'destructive',
  title: 'Clean up the workspace',
  summary:
    'Remove old runs, workflows and leftovers by the retention policy; a preview unless dry_run is false. Usage figures stay.',
  input: z.strictObject({
    older_than_days: z.int().min(0).max(3650).optional().describe('Instead of the policy, 0-3650.'),
    dry_run: z.boolean().optional().describe('Only show; default true.'),
    cwd,
  }),
  output: z.object({
    dry_run: z.boolean(),
    /** Removed, or to be removed, with what that frees. */
    run_count: z.number(),
    bytes: z.number(),
    runs: z.array(
      z.object({ run_id: z.string(), ended: z.string(), bytes: z.number(), reason: z.string() }),
    ),
    /** Workflows that ended long ago. */
    workflows: z
      .array(
        z.object({
          workflow_id: z.string(),
          ended: z.string(),
          bytes: z.number(),
          reason: z.string(),
        }),
      )
      .optional(),
    /** Spilled results, and parts of removed runs. */
    leftovers: z.object({ count: z.number(), bytes: z.number() }),
    /** Ended runs that stay. */
    kept: z.object({ runs: z.number(), bytes: z.number() }),
    /** Not removed yet, because their task goes on or the time was up; call again. */
    left: z.number().optional(),
  }),
  handler: async ({ older_than_days: days, dry_run: dryRun = true, cwd: directory }, context) => {
    const { host } = context;
    const { workspace } = await context.place(directory);
    const { retention } = await readPolicy(host.home);
    // Whoever names an age means all runs of that age.
    const limits = days === undefined ? retention : { ...retention, days, keep_newest: 0 };
    const until = host.clock.monotonic() + LONGEST_MS;
    const isOver = () => context.signal.aborted || host.clock.monotonic() > until;
    const { remove, leftovers, left, kept } = !existsSync(sharedPaths(workspace).workspaceFile)
      ? NOTHING
      : dryRun
        ? await previewCleaning(host, workspace, limits)
        : await clean(host, workspace, limits, isOver);
    const { cleanWorkflows } = await loadWorkflows();
    const workflows = await cleanWorkflows(host, workspace, limits, { apply: !dryRun });
    return {
      dry_run: dryRun,
      run_count: remove.length,
      bytes: sumOf(remove) + sumOf(workflows),
      ...(workflows.length === 0 ? {} : { workflows }),
      runs: remove.map(({ session: _session, ...run }) => run),
      leftovers: { count: leftovers.length, bytes: sumOf(leftovers) },
      kept,
      ...(left > 0 ? { left } : {}),
    };
  },
});

function sumOf(items: readonly { bytes: number }[]): number {
  return items.reduce((sum, { bytes }) => sum + bytes, 0);
}
