import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

const load = /* @__PURE__ */ lazy(() => import('../../governance/upgrade/check.ts'));

export default defineTool({
  name: 'cc_upgrade_check',
  area: 'workspace',
  kind: 'read',
  summary:
    'Version installed, file formats found, user files an upgrade keeps, client entries; never upgrades by itself.',
  input: z.strictObject({
    remote: z.boolean().optional().describe('Also ask git remote or npm for the newest.'),
    cwd,
  }),
  output: z.object({
    version: z.string(),
    installation: z.object({
      kind: z.string().optional(),
      root: z.string().optional(),
      commit: z.string().optional(),
      dirty: z.boolean().optional(),
      problem: z.string().optional(),
    }),
    formats: z.object({
      understood: z.number(),
      found: z.record(z.string(), z.number()),
      /** Of a newer version: read where possible, never written. */
      newer: z.array(z.string()).optional(),
      unreadable: z.array(z.string()).optional(),
    }),
    user_files: z.array(z.object({ path: z.string(), bytes: z.number(), sha256: z.string() })),
    setup_by: z.string().optional(),
    clients: z.array(
      z.object({
        name: z.string(),
        status: z.enum(['pass', 'warn', 'fail']),
        detail: z.string(),
        fix: z.string().optional(),
      }),
    ),
    newest: z
      .object({
        asked: z.enum(['git', 'npm']),
        /** null: not known, and `why`. */
        version: z.string().nullable(),
        newer: z.boolean().nullable(),
        why: z.string().optional(),
        upgrade: z.string().optional(),
      })
      .optional(),
  }),
  failed: ({ formats }) =>
    typeof formats === 'object' &&
    formats !== null &&
    ('newer' in formats || 'unreadable' in formats),
  handler: async ({ remote = false, cwd: directory }, { host, place, signal }) => {
    const { workspace } = await place(directory);
    const { checkUpgrade } = await load();
    return checkUpgrade(host, workspace, { remote }, signal);
  },
});
