import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

const load = /* @__PURE__ */ lazy(() => import('../../governance/migrate/migrate.ts'));

/** A client waits a minute; what is left then goes with the next call. */
const LONGEST_MS = 25_000;

export default defineTool({
  name: 'cc_migrate_data',
  area: 'workspace',
  kind: 'write',
  summary:
    'Migrate (import, copy) runs and reports of the Python predecessor; a preview unless apply. Originals stay.',
  input: z.strictObject({
    apply: z.boolean().optional(),
    from: z.string().min(1).max(4096).optional().describe('Another directory with its data.'),
    cwd,
  }),
  output: z.object({
    applied: z.boolean(),
    /** Brought here, or to be brought. */
    run_count: z.number(),
    runs: z.array(z.object({ from: z.string(), run_id: z.string(), state: z.string() })),
    reports: z.array(z.string()).optional(),
    already: z.number(),
    skipped: z.array(z.object({ path: z.string(), reason: z.string() })).optional(),
    /** The time was up; call again. */
    left: z.number().optional(),
  }),
  handler: async ({ apply = false, from, cwd: directory }, { host, place, signal }) => {
    const { workspace } = await place(directory);
    const { migrate } = await load();
    const until = host.clock.monotonic() + LONGEST_MS;
    const isOver = () => signal.aborted || host.clock.monotonic() > until;
    const done = await migrate(host, workspace, { from, apply }, isOver);
    return {
      applied: apply,
      run_count: done.runs.length,
      runs: done.runs,
      ...(done.reports.length > 0 ? { reports: done.reports } : {}),
      already: done.already,
      ...(done.skipped.length > 0 ? { skipped: done.skipped } : {}),
      ...(done.left > 0 ? { left: done.left } : {}),
    };
  },
});
