import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { readCaps } from '../../runs/cost-guard/caps.ts';
import { guardStatus, subjectStatus } from '../../runs/cost-guard/status.ts';
import { dayOf } from '../../runs/usage/log.ts';
import { readUsage, type Usage } from '../../runs/usage/read.ts';
import { SUMMARY_BYTES, summariseUsage, usageSummary } from '../../runs/usage/summary.ts';
import { knownWorkspaces } from '../../workspace/home.ts';
import { workspaceAt } from '../../workspace/layout.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

const DAY_MS = 86_400_000;

export default defineTool({
  name: 'cc_usage_summary',
  area: 'runs',
  kind: 'read',
  title: 'Usage summary: what runs cost, spending',
  summary:
    'Tokens and cost of runs by day, role and model, failed and stopped ones included; today by default.',
  input: z.strictObject({
    // Checked as a date, published as a string: the pattern costs more than it tells.
    since: z.string().max(10).pipe(z.iso.date()).optional().describe('UTC day, YYYY-MM-DD.'),
    days: z.int().min(1).max(3660).optional().describe('How many days, default 1.'),
    all_projects: z.boolean().optional().describe('Not this one alone.'),
    caps: z.boolean().optional().describe('Caps, and what is left today.'),
    cwd,
  }),
  output: usageSummary.extend({ caps: z.array(subjectStatus).optional() }),
  maxBytes: 2 * SUMMARY_BYTES,
  handler: async (input, { host, place }) => {
    // Here and not only in cc_cost_guard: that one changes them, so clients ask before every call of it.
    const caps = input.caps
      ? await guardStatus(host, (await place(input.cwd)).workspace, await readCaps(host.home))
      : undefined;
    const { from, to } = rangeOf(input, host.clock.now());
    const roots = input.all_projects
      ? await knownWorkspaces(host.home)
      : [(await place(input.cwd)).workspace.root];
    const projects = new Map<string, Usage>();
    const unreadable: string[] = [];
    for (const root of roots) {
      try {
        projects.set(root, await readUsage(workspaceAt(root), from, to));
      } catch (error) {
        if (!input.all_projects) throw error;
        unreadable.push(root);
      }
    }
    const summary = summariseUsage(projects, { from, to, unreadable });
    return { ...summary, ...(caps === undefined ? {} : { caps }) };
  },
});

/** `days` alone are the last ones, `since` alone reaches until today. */
function rangeOf(
  { since, days }: { since?: string | undefined; days?: number | undefined },
  now: Date,
): { from: string; to: string } {
  const today = dayOf(now);
  if (since === undefined) return { from: later(today, 1 - (days ?? 1)), to: today };
  if (since > today) {
    throw new CcError('BAD_INPUT', `${since} is not over yet: today is ${today} (UTC).`, {
      hint: 'Pass a day until today, or leave since out.',
    });
  }
  return { from: since, to: days === undefined ? today : later(since, days - 1) };
}

function later(day: string, days: number): string {
  return dayOf(new Date(Date.parse(day) + days * DAY_MS));
}
