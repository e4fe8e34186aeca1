import * as z from 'zod';
import { openWatcher } from '../../runs/watcher.ts';
import { defineTool } from '../define.ts';
import { launched, runInput } from './run-input.ts';
import { start } from './start.ts';

const { task, role, allow_write, scope, profile, cwd } = runInput.shape;

export default defineTool({
  name: 'cc_run_visible_agent',
  area: 'runs',
  kind: 'launch',
  title: 'Start a worker agent in a visible window',
  summary: 'Start a worker agent in a visible window (tmux, terminal), live.',
  input: z.strictObject({
    task,
    role,
    allow_write,
    scope: scope.describe('Path globs, shell commands.'),
    profile,
    cwd,
  }),
  output: launched.extend({
    /** Where it can be seen; absent where no window could be opened. */
    window: z.enum(['tmux', 'terminal']).optional(),
    not_opened_because: z.string().optional(),
    /** What shows it in any terminal. */
    watch_command: z.string(),
  }),
  handler: async (input, context) => {
    const run = await start(input, context);
    return { ...run, ...(await openWatcher(context.host, run.run_id ?? '')) };
  },
});
