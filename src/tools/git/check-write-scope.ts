import * as z from 'zod';
import { isFinal } from '../../core/vocabulary.ts';
import { checkScope } from '../../runs/changes/check-scope.ts';
import { changedSinceEnd, changesOfRun } from '../../runs/changes/read.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd, runId } from '../fields.ts';
import { withoutSecrets } from './without-secrets.ts';

export default defineTool({
  name: 'cc_check_write_scope',
  area: 'git',
  kind: 'read',
  title: 'Did a run stay in its scope',
  summary:
    'Check that a run changed only what its write scope allows, ignored files and .git included: pass, fail or unknown.',
  input: z.strictObject({ run_id: runId, cwd }),
  output: z.object({
    run_id: z.string(),
    state: z.string(),
    status: z.enum(['pass', 'fail', 'unknown']),
    reasons: z.array(z.string()),
    violations: z.array(
      z.object({
        path: z.string(),
        status: z.string(),
        scope: z.string(),
        by: z.string(),
        area: z.string(),
      }),
    ),
    unattributed: z.array(z.string()),
    /** Edited after the end of the run: not part of the verdict. */
    changed_since: z.array(z.string()).optional(),
  }),
  // What could not be checked has not passed.
  failed: (result) => result.status !== 'pass',
  handler: async (input, context) => {
    const run = await askedRun(context, input);
    const { run_id, state, scope } = run.record;
    const { changes, problem } = await changesOfRun(context.host, run, { signal: context.signal });
    if (changes === undefined) {
      const status = problem === undefined ? ('pass' as const) : ('unknown' as const);
      const reasons = problem === undefined ? [] : [`what it changed is unknown: ${problem}`];
      return { run_id, state, status, reasons, violations: [], unattributed: [] };
    }
    const since = isFinal(state)
      ? await changedSinceEnd(context.host, run, context.signal).catch(() => undefined)
      : undefined;
    return withoutSecrets(context.host, {
      run_id,
      state,
      ...checkScope(changes, scope === null),
      ...(since === undefined || since.length === 0 ? {} : { changed_since: since }),
    });
  },
});
