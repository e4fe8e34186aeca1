import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { compact } from '../../core/json.ts';
import { listTemplates, type NamedTemplate, renderTemplate } from '../../prompts/pack/render.ts';
import type { UsageRow } from '../../runs/usage/sum.ts';
import { templateUsage } from '../../runs/usage/templates.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';
import { BRIEF } from '../schema.ts';

const row = z.object({
  name: z.string(),
  summary: z.string(),
  role: z.string(),
  /** Its task is to change files, so the run needs allow_write and a scope. */
  write: z.literal(true).optional(),
  /** Their values; those in `optional` have a default. */
  variables: z.array(z.string()),
  optional: z.array(z.string()).optional(),
  source: z.literal('user').optional(),
  /** Of the last 90 days of this project; `usd: null` is an unknown price. */
  runs: z.number().optional(),
  failed: z.number().optional(),
  usd: z.number().nullable().optional(),
});

export default defineTool({
  name: 'cc_prompt_pack',
  area: 'runs',
  kind: 'read',
  title: 'Prompt pack: templates',
  summary:
    'Prompt templates for tasks (audit, bugfix, review, tests, …): lists them with how they did, or renders one.',
  input: z.strictObject({
    template: z.string().max(60).optional().describe('Render this one.'),
    task: z.string().max(2_000_000).optional(),
    variables: z.record(z.string(), z.string()).optional().meta(BRIEF),
    cwd,
  }),
  output: z.object({
    templates: z.array(row).optional(),
    template: z.string().optional(),
    role: z.string().optional(),
    write: z.literal(true).optional(),
    text: z.string().optional(),
  }),
  handler: async ({ template: name, task, variables, cwd: directory }, { host, place }) => {
    const dir = host.home.promptPack;
    if (name !== undefined) {
      const given = { ...(task === undefined ? {} : { task }), ...variables };
      const { template, text } = await renderTemplate(dir, name, given);
      return {
        template: name,
        role: template.role,
        ...compact({ write: isWrite(template) }),
        text,
      };
    }
    if (task !== undefined || variables !== undefined) {
      throw new CcError('BAD_INPUT', 'task and variables are for a template.', {
        hint: 'Pass template, or nothing to list them.',
      });
    }
    const { workspace } = await place(directory);
    const usage = await templateUsage(workspace, host.clock.now());
    return {
      templates: (await listTemplates(dir)).map((one) => rowOf(one, usage.get(one.name))),
    };
  },
});

function rowOf(template: NamedTemplate, used: UsageRow | undefined): z.input<typeof row> {
  const { name, summary, role, variables, source } = template;
  const names = Object.keys(variables);
  const optional = names.filter((key) => variables[key]?.default !== undefined);
  return {
    name,
    summary,
    role,
    variables: names.filter((key) => !optional.includes(key)),
    ...(optional.length === 0 ? {} : { optional }),
    ...compact({
      write: isWrite(template),
      source: source === 'user' ? source : undefined,
      runs: used?.runs,
      failed: used?.failed,
      usd: used?.usd,
    }),
  };
}

function isWrite({ write }: NamedTemplate): true | undefined {
  return write || undefined;
}
