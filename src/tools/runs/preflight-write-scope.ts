import * as z from 'zod';
import { preflight, preflightScope } from '../../runs/scope/preflight.ts';
import { defineTool } from '../define.ts';
import { cwd, role } from '../fields.ts';
import { BRIEF } from '../schema.ts';
import { scopeInput } from './run-input.ts';

export default defineTool({
  name: 'cc_preflight_write_scope',
  area: 'runs',
  kind: 'read',
  summary:
    'Check a write scope before a run: what it matches, what would hold it (posture), problems.',
  input: z.strictObject({
    scope: scopeInput.describe('As for the run.').meta(BRIEF),
    role,
    cwd,
  }),
  output: preflight,
  handler: async (input, context) =>
    preflightScope(context.host, await context.place(input.cwd), {
      role: input.role ?? 'implementation',
      scope: input.scope,
    }),
});
