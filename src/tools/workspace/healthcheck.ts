import * as z from 'zod';
import { checkHealth } from '../../health/check.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

export default defineTool({
  name: 'cc_healthcheck',
  area: 'workspace',
  kind: 'read',
  summary:
    'Check that workers can run here: Claude Code, git, profiles, workspace, disk. Every problem names its remedy.',
  input: z.strictObject({ cwd }),
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
  handler: async (input, { host, place }) => {
    const checks = await checkHealth(host, () => place(input.cwd));
    return { ok: checks.every((check) => check.status !== 'fail'), checks };
  },
});
