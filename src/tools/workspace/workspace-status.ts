import * as z from 'zod';
import { runIds } from '../../runs/run-ids.ts';
import { activeSlots } from '../../runs/slots.ts';
import { workspaceStatus } from '../../workspace/status.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

export default defineTool({
  name: 'cc_workspace_status',
  area: 'workspace',
  kind: 'read',
  summary: 'Where the workspace of a project is, how it was found, its runs and disk use.',
  input: z.strictObject({ cwd }),
  output: z.object({
    project: z.string(),
    cwd: z.string(),
    cwd_from: z.string(),
    workspace: z.string(),
    user_home: z.string(),
    initialised: z.boolean(),
    runs: z.number(),
    active_runs: z.number(),
    bytes: z.number(),
    usage: z.array(z.object({ dir: z.string(), files: z.number(), bytes: z.number() })),
  }),
  handler: async (input, { host, place }) => {
    const found = await place(input.cwd);
    const [status, runs, active] = await Promise.all([
      workspaceStatus(found.workspace, host.clock.now()),
      runIds(found.workspace),
      activeSlots(found.workspace),
    ]);
    return {
      project: found.workspace.root,
      cwd: found.cwd,
      cwd_from: found.source,
      workspace: found.workspace.base,
      user_home: host.home.root,
      runs: runs.length,
      active_runs: active.length,
      ...status,
    };
  },
});
