import { relative } from 'node:path';
import * as z from 'zod';
import { writeFolderPolicy } from '../../workspace/folder-policy.ts';
import { initWorkspace } from '../../workspace/init.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

export default defineTool({
  name: 'cc_init_workspace',
  area: 'workspace',
  kind: 'write',
  summary:
    'Set up the workspace (.agent-workspace) of a project; safe to repeat. Starting a run does it by itself.',
  input: z.strictObject({ cwd }),
  output: z.object({
    project: z.string(),
    workspace: z.string(),
    id: z.string(),
    created: z.array(z.string()),
  }),
  handler: async (input, { host, place }) => {
    const { workspace } = await place(input.cwd);
    const { file, created } = await initWorkspace(workspace, host.home, host.clock);
    await writeFolderPolicy(workspace);
    return {
      project: workspace.root,
      workspace: workspace.base,
      id: file.id,
      created: created.map((path) => relative(workspace.root, path)),
    };
  },
});
