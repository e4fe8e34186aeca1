import * as z from 'zod';
import { byteLength, oneLine } from '../../core/text.ts';
import { dayOf } from './log.ts';
import type { Usage } from './read.ts';
import type { Spending } from './spending.ts';
import { UsageSum, usageRow } from './sum.ts';

export const usageSummary = z.object({
  /** First and last UTC day, both included; a run counts on the day it ended. */
  from: z.string(),
  to: z.string(),
  total: usageRow.omit({ name: true }).extend({
    model_calls: z.number(),
    elapsed_s: z.number(),
    /** Runs that a budget ended. */
    budget_stops: z.number().optional(),
    /** Runs that were answered by another model than the declared one. */
    route_mismatches: z.number().optional(),
  }),
  /** How many runs ended in which state, and why those failed that did. */
  states: z.record(z.string(), z.number()),
  failures: z.record(z.string(), z.number()).optional(),
  /** The largest rows of each; what does not fit is folded into the last one. */
  by_day: z.array(usageRow).optional(),
  by_role: z.array(usageRow),
  by_declared_model: z.array(usageRow),
  /** A run counts once for each model that answered in it. */
  by_actual_model: z.array(usageRow),
  by_project: z.array(usageRow).optional(),
  /** Not in `total`: what the runs that go on have used so far. */
  active: usageRow.omit({ name: true }).optional(),
  /** Lines of the log that could not be read: the sums may be too low. */
  unreadable_lines: z.number().optional(),
  /** Projects that could not be read at all. */
  unreadable_projects: z.array(z.string()).optional(),
});
export type UsageSummary = z.infer<typeof usageSummary>;

/** Most bytes a summary may take, however many runs, models and roles there are. */
export const SUMMARY_BYTES = 4000;
const MOST_ROWS = 12;
const MOST_FAILURES = 8;
const NAME_CHARS = 48;

/** Usage by project directory, as a summary a controller can afford to read. */
export function summariseUsage(projects: ReadonlyMap<string, Usage>, about: About): UsageSummary {
  const groups = groupsOf(projects);
  for (let rows = MOST_ROWS; ; rows -= 1) {
    const summary = withRows(groups, rows, about);
    if (rows === 1 || byteLength(JSON.stringify(summary)) <= SUMMARY_BYTES) return summary;
  }
}

/** First and last day, and the projects that could not be read. */
type About = { from: string; to: string; unreadable: readonly string[] };

type Groups = {
  runs: Spending[];
  active: Spending[];
  unreadable: number;
  all: UsageSum;
  days: Map<string, UsageSum>;
  roles: Map<string, UsageSum>;
  declared: Map<string, UsageSum>;
  actual: Map<string, UsageSum>;
  projects: Map<string, UsageSum>;
};

function groupsOf(projects: ReadonlyMap<string, Usage>): Groups {
  const groups: Groups = {
    runs: [],
    active: [],
    unreadable: 0,
    all: new UsageSum(),
    days: new Map(),
    roles: new Map(),
    declared: new Map(),
    actual: new Map(),
    projects: new Map(),
  };
  for (const [project, { ended, active, unreadable }] of projects) {
    groups.unreadable += unreadable;
    groups.active.push(...active);
    for (const run of ended) {
      groups.runs.push(run);
      groups.all.add(run);
      sumFor(groups.days, dayOf(run.ended ?? '')).add(run);
      sumFor(groups.roles, run.role).add(run);
      sumFor(groups.declared, run.model ?? "(the worker's default)").add(run);
      sumFor(groups.projects, project).add(run);
      const models = Object.entries(run.by_model);
      for (const [model, count] of models) sumFor(groups.actual, model).add(run, [count]);
      if (models.length === 0) sumFor(groups.actual, '(none answered)').add(run);
    }
  }
  return groups;
}

function sumFor(group: Map<string, UsageSum>, name: string): UsageSum {
  let sum = group.get(name);
  if (sum === undefined) {
    sum = new UsageSum();
    group.set(name, sum);
  }
  return sum;
}

function withRows(groups: Groups, rows: number, about: About): UsageSummary {
  const { from, to, unreadable } = about;
  const { runs, active } = groups;
  const budgetStops = runs.filter((run) => run.budget_stop).length;
  const mismatches = runs.filter((run) => run.route_mismatch).length;
  const failures = counted(runs.flatMap(({ failure = 'success' }) => failure)).filter(
    ([name]) => name !== 'success',
  );
  return {
    from,
    to,
    total: {
      ...groups.all.figures(),
      model_calls: runs.reduce((sum, run) => sum + run.model_calls, 0),
      elapsed_s: Math.round(runs.reduce((sum, run) => sum + run.elapsed_ms, 0) / 1000),
      ...(budgetStops > 0 ? { budget_stops: budgetStops } : {}),
      ...(mismatches > 0 ? { route_mismatches: mismatches } : {}),
    },
    states: Object.fromEntries(folded(counted(runs.map(({ state }) => state)))),
    ...(failures.length > 0 ? { failures: Object.fromEntries(folded(failures)) } : {}),
    ...(from === to ? {} : { by_day: byDay(groups.days, rows) }),
    by_role: bySize(groups.roles, rows),
    by_declared_model: bySize(groups.declared, rows),
    by_actual_model: bySize(groups.actual, rows),
    ...(groups.projects.size > 1 ? { by_project: bySize(groups.projects, rows) } : {}),
    ...(active.length > 0 ? { active: sumOf(active).figures() } : {}),
    ...(groups.unreadable > 0 ? { unreadable_lines: groups.unreadable } : {}),
    ...(unreadable.length > 0
      ? { unreadable_projects: unreadable.map(shortName).slice(0, rows) }
      : {}),
  };
}

function counted(names: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const name of names) {
    const short = shortName(name);
    counts.set(short, (counts.get(short) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}

function folded(counts: readonly [string, number][]): [string, number][] {
  if (counts.length <= MOST_FAILURES) return [...counts];
  const rest = counts.slice(MOST_FAILURES - 1);
  const sum = rest.reduce((total, [, count]) => total + count, 0);
  return [...counts.slice(0, MOST_FAILURES - 1), [`(${rest.length} others)`, sum]];
}

/** The latest days, the latest first. */
function byDay(group: ReadonlyMap<string, UsageSum>, rows: number) {
  return fold(
    [...group].sort(([a], [b]) => (a < b ? 1 : -1)),
    rows,
    'earlier days',
  );
}

/** Those with most tokens first. */
function bySize(group: ReadonlyMap<string, UsageSum>, rows: number) {
  return fold(
    [...group].sort(([, a], [, b]) => b.tokens - a.tokens || b.runs - a.runs),
    rows,
    'others',
  );
}

function fold(sums: readonly (readonly [string, UsageSum])[], rows: number, others: string) {
  const kept = sums.length <= rows ? sums : sums.slice(0, rows - 1);
  const shown = kept.map(([name, sum]) => sum.row(shortName(name)));
  if (kept.length === sums.length) return shown;
  const rest = new UsageSum();
  for (const [, sum] of sums.slice(kept.length)) rest.addSum(sum);
  return [...shown, rest.row(`(${sums.length - kept.length} ${others})`)];
}

/** Of a long name (a path, a gateway's model id) the end tells more. */
function shortName(name: string): string {
  const line = oneLine(name, 1000);
  return line.length <= NAME_CHARS ? line : `…${line.slice(1 - NAME_CHARS)}`;
}

function sumOf(runs: readonly Spending[]): UsageSum {
  const sum = new UsageSum();
  for (const run of runs) sum.add(run);
  return sum;
}
