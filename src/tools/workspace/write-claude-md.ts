import * as z from 'zod';
import { lazy } from '../../core/lazy.ts';
import { GUIDANCE_STATES } from '../../governance/guidance-text.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

const load = /* @__PURE__ */ lazy(() => import('../../governance/guidance.ts'));
const loadRemoval = /* @__PURE__ */ lazy(() => import('../../governance/guidance-removal.ts'));

export default defineTool({
  name: 'cc_write_claude_md',
  area: 'workspace',
  kind: 'destructive',
  summary:
    'Write a short section about delegated work into CLAUDE.md; a preview unless apply. The rest of the file stays.',
  input: z.strictObject({
    apply: z.boolean().optional(),
    agents: z.boolean().optional().describe('AGENTS.md, too.'),
    force: z.boolean().optional().describe('Replace the file; keeps a copy.'),
    remove: z.boolean().optional().describe('Take it out.'),
    cwd,
  }),
  output: z.object({
    applied: z.boolean(),
    files: z.array(
      z.object({
        path: z.string(),
        /** Done, or to be done. */
        state: z.enum(GUIDANCE_STATES),
        diff: z.string().optional(),
      }),
    ),
    /** Where the files lie as they were. */
    backups: z.string().optional(),
  }),
  failed: ({ files }) => Array.isArray(files) && files.some(({ state }) => state === 'edited'),
  handler: async (input, { host, place }) => {
    const { agents = false, force = false, apply = false } = input;
    const { workspace } = await place(input.cwd);
    if (input.remove === true) {
      const { removeGuidance } = await loadRemoval();
      return { applied: apply, ...(await removeGuidance(host, workspace.root, { force, apply })) };
    }
    const { writeGuidance } = await load();
    const done = await writeGuidance(host, workspace.root, { agents, force, apply });
    return { applied: apply, ...done };
  },
});
