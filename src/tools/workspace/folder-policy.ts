import * as z from 'zod';
import {
  folderPolicy,
  folderPolicyPath,
  folderPolicySchema,
  writeFolderPolicy,
} from '../../workspace/folder-policy.ts';
import { initWorkspace } from '../../workspace/init.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

export default defineTool({
  name: 'cc_folder_policy',
  area: 'workspace',
  kind: 'write',
  summary: 'Rules for where agents may write files in a project; stores them on request.',
  input: z.strictObject({
    apply: z.boolean().optional().describe('Write the rules into the workspace; default false.'),
    cwd,
  }),
  output: z.object({ applied: z.boolean(), path: z.string(), policy: folderPolicySchema }),
  handler: async (input, { host, place }) => {
    const { workspace } = await place(input.cwd);
    if (input.apply) {
      await initWorkspace(workspace, host.home, host.clock);
      await writeFolderPolicy(workspace);
    }
    return {
      applied: input.apply ?? false,
      path: folderPolicyPath(workspace),
      policy: folderPolicy(),
    };
  },
});
