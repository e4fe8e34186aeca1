import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { lazy } from '../../core/lazy.ts';
import { recoverAll, recoveryReport } from '../../runs/recover-all.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

const loadWorkflows = /* @__PURE__ */ lazy(() => import('../../workflows/instances/recover.ts'));

type Did = readonly { did: string }[];

export default defineTool({
  name: 'cc_recover_runs',
  area: 'runs',
  kind: 'destructive',
  title: 'Recover lost runs',
  summary:
    'Recover runs and workflows after a crash: orphaned (lost) ones get a supervisor, leftover processes end.',
  input: z.strictObject({ cwd }),
  output: recoveryReport.extend({
    /** Workflows something was done about. */
    workflows: z
      .array(z.object({ workflow_id: z.string(), did: z.string(), error: z.string().optional() }))
      .optional(),
  }),
  failed: ({ runs, workflows = [] }) =>
    [...(runs as Did), ...(workflows as Did)].some(({ did }) => did === 'failed'),
  handler: async (input, context) => {
    const { host, signal } = context;
    if (host.readOnly) {
      throw new CcError('NOT_ALLOWED', 'This server is read-only and recovers nothing.', {
        hint: 'Do it from a shell: cc-orchestrator recover-runs',
      });
    }
    // Known workspaces are looked at from anywhere; only a wrong cwd is a mistake.
    const place = await context.place(input.cwd).catch((error: unknown) => {
      if (input.cwd !== undefined) throw error;
      return undefined;
    });
    const options = { thorough: place?.workspace, signal };
    const runs = await recoverAll(host, options);
    const { recoverWorkflows } = await loadWorkflows();
    const { workflows, healthy, left_alone } = await recoverWorkflows(host, options);
    return {
      ...runs,
      healthy: runs.healthy + healthy,
      left_alone: runs.left_alone + left_alone,
      ...(workflows.length === 0 ? {} : { workflows }),
    };
  },
});
