import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

const load = /* @__PURE__ */ lazy(() => import('../../governance/mcp-repair/repair.ts'));

export default defineTool({
  name: 'cc_repair_mcp_paths',
  area: 'workspace',
  kind: 'destructive',
  summary:
    'Repair stale paths of this server in .mcp.json and client configuration; a preview unless apply. Other servers stay.',
  input: z.strictObject({ apply: z.boolean().optional(), cwd }),
  output: z.object({
    applied: z.boolean(),
    files: z.array(
      z.object({
        path: z.string(),
        /** `repair`: done, or to be done. `kept`: yours; `hint` is how to replace it. */
        state: z.enum(['ok', 'repair', 'kept', 'unreadable']),
        problems: z.array(z.string()).optional(),
        diff: z.string().optional(),
        hint: z.string().optional(),
      }),
    ),
    /** Servers of others that cannot start; never changed. */
    others: z.array(z.object({ server: z.string(), problem: z.string() })).optional(),
    backups: z.string().optional(),
  }),
  failed: ({ files }) =>
    Array.isArray(files) && files.some(({ state }) => state === 'unreadable' || state === 'kept'),
  handler: async ({ apply = false, cwd: directory }, { host, place }) => {
    const { workspace } = await place(directory);
    const { repairEntries } = await load();
    const { others, ...done } = await repairEntries(host, workspace.root, { apply });
    return { applied: apply, ...done, ...(others.length > 0 ? { others } : {}) };
  },
});
