import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import { checkHealth } from '../../health/check.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

const loadClients = /* @__PURE__ */ lazy(() => import('../../health/clients.ts'));
const loadDeep = /* @__PURE__ */ lazy(() => import('../../health/deep.ts'));

export default defineTool({
  name: 'cc_healthcheck',
  area: 'workspace',
  kind: 'read',
  title: 'Health check: is the installation in order',
  summary:
    'Check that workers can run here: Claude Code, git, profiles, workspace, disk. Every problem names its remedy.',
  input: z.strictObject({
    clients: z.boolean().optional().describe('Also client setup.'),
    deep: z.boolean().optional().describe('Try denied writes, too.'),
    cwd,
  }),
  output: z.object({
    ok: z.boolean(),
    checks: z.array(
      z.object({
        name: z.string(),
        status: z.enum(['pass', 'warn', 'fail']),
        detail: z.string(),
        fix: z.string().optional(),
      }),
    ),
  }),
  failed: ({ ok }) => ok !== true,
  handler: async (input, { host, place, signal }) => {
    const checks = await checkHealth(host, () => place(input.cwd));
    if (input.clients) {
      const { checkClients } = await loadClients();
      const project = await place(input.cwd);
      checks.push(...(await checkClients(host, project.workspace.root)));
    }
    if (input.deep) checks.push(...(await (await loadDeep()).checkDeeply(host, signal)));
    return { ok: checks.every((check) => check.status !== 'fail'), checks };
  },
});
