import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { recoverAll, recoveryReport } from '../../runs/recover-all.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

export default defineTool({
  name: 'cc_recover_runs',
  area: 'runs',
  kind: 'destructive',
  title: 'Recover lost runs',
  summary:
    'Recover runs after a crash: give orphaned (lost) runs a supervisor, end leftover processes.',
  input: z.strictObject({ cwd }),
  output: recoveryReport,
  failed: ({ runs }) =>
    (runs as z.infer<typeof recoveryReport>['runs']).some(({ did }) => did === 'failed'),
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
    return recoverAll(host, { thorough: place?.workspace, signal });
  },
});
