import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { compact } from '../../core/json.ts';
import { profileHostOf } from '../../profiles/host-of.ts';
import { listProfiles } from '../../profiles/list.ts';
import { lookUpProfile } from '../../profiles/lookup.ts';
import { caps, readCaps, SUBJECT } from '../../runs/cost-guard/caps.ts';
import { changeCaps } from '../../runs/cost-guard/change.ts';
import { guardStatus, subjectStatus } from '../../runs/cost-guard/status.ts';
import type { Host } from '../../workspace/host.ts';
import type { Workspace } from '../../workspace/layout.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

const count = z.int().min(0).optional();
const usd = z.number().min(0).optional();

export default defineTool({
  name: 'cc_cost_guard',
  area: 'runs',
  // Whoever raises a cap takes a protection away: clients are to ask the user first.
  kind: 'destructive',
  title: 'Set a cost limit (budget, cap on spending)',
  summary:
    'Set caps on cost, tokens, time and concurrency of runs; 0 lifts one. cc_usage_summary shows them, too.',
  input: z.strictObject({
    subject: z
      .string()
      .max(4200)
      .optional()
      .describe('user (default), project, profile:<id> or model:<id>.'),
    max_concurrent: count,
    max_wall_seconds: count,
    max_tokens_per_run: count,
    max_tokens_per_day: count,
    max_usd_per_run: usd,
    max_usd_per_day: usd,
    allow_unknown_price: z.boolean().optional(),
    apply: z.boolean().optional().describe('Store it; default only a preview.'),
    cwd,
  }),
  output: z.object({
    path: z.string(),
    applied: z.boolean(),
    change: z.object({ subject: z.string(), before: caps, after: caps }).optional(),
    subjects: z.array(subjectStatus),
  }),
  handler: async ({ subject = 'user', apply = false, cwd: directory, ...change }, context) => {
    const { host } = context;
    const { workspace } = await context.place(directory);
    const path = host.home.costGuard;
    const wanted = await subjectOf(subject, host, workspace);
    if (Object.keys(compact(change)).length === 0) {
      const subjects = await guardStatus(host, workspace, await readCaps(host.home));
      return { path, applied: false, subjects };
    }
    const { before, after, all } = await changeCaps(host, wanted, change, apply);
    return {
      path,
      applied: apply,
      change: { subject: wanted, before, after },
      subjects: await guardStatus(host, workspace, all),
    };
  },
});

/** As the caps are stored. A profile or project that nobody has would be a cap on nothing. */
async function subjectOf(subject: string, host: Host, { root }: Workspace): Promise<string> {
  if (subject === 'project' || subject === `project:${root}`) return `project:${root}`;
  if (subject.startsWith('profile:')) {
    const { profiles } = await listProfiles(profileHostOf(host));
    return `profile:${lookUpProfile(profiles, subject.slice('profile:'.length)).id}`;
  }
  const isKnown = subject.startsWith('project:')
    ? subject in (await readCaps(host.home))
    : SUBJECT.test(subject);
  if (isKnown) return subject;
  throw new CcError('BAD_INPUT', 'There are no caps for such a subject.', {
    hint: 'Subjects: user, project (the one of cwd), profile:<id>, model:<id>.',
  });
}
