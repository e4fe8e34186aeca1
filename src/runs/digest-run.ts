import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { compact } from '../core/json.ts';
import { truncate } from '../core/text.ts';
import { isFinal, type RunState } from '../core/vocabulary.ts';
import { latestEntries } from '../ledger/query.ts';
import type { Host } from '../workspace/host.ts';
import { doneOf, driftOf, remainingOf } from './artifacts/checkpoint.ts';
import { decide } from './decide.ts';
import type { FoundRun } from './find.ts';
import { isAtLeast, riskOf } from './insight/flags.ts';
import { type NextStep, nextAfterEnd } from './next-after-end.ts';
import type { ProgressSummary } from './summarise.ts';
import { type LiveRun, lookAt, type RunView, runView, viewOf } from './view.ts';

/** One small answer to "where does this run stand, and what should I do?" */
export const runDigest = z.object({
  run_id: z.string(),
  state: z.string(),
  phase: z.string(),
  elapsed_s: z.number(),
  /** Points of the worker's own list, in its words; without a list, what it called how often. */
  done: z.array(z.string()),
  /** Latest last. What stands in quotes is what the worker says. */
  found: z.array(z.string()),
  /** By its file tools while it runs; the diff at the end counts. */
  changed: z.object({ count: z.number(), files: z.array(z.string()) }),
  /** null: it keeps no list. */
  remaining: z.array(z.string()).nullable(),
  drifting: z.string().optional(),
  flags: z.array(z.string()),
  blocking_ok: z.boolean(),
  max_severity: z.string(),
  usd: z.number().nullable().optional(),
  next: z.object({ action: z.string(), why: z.string() }),
  moved_to: runView.shape.moved_to,
  not_moved: runView.shape.not_moved,
  moved_from: runView.shape.moved_from,
  /** Directory of the artifacts, and their names. */
  folder: z.string(),
  artifacts: z.array(z.string()),
});
export type RunDigest = z.infer<typeof runDigest>;

const FOUND_SHOWN = 6;
const LIST_SHOWN = 8;
const LINE_CHARS = 160;
/** So many operations about one run is more than anybody reads. */
const MAX_ENTRIES = 200;

/** Reads what the supervisor keeps current; nothing is worked out from events here. */
export async function digestRun(host: Host, run: FoundRun): Promise<RunDigest> {
  return digestOf(await lookAt(host, run));
}

function digestOf(live: LiveRun): RunDigest {
  const { run, state, summary } = live;
  const { outcome } = run.record;
  const view = viewOf(live);
  const flags = summary?.insight.flags ?? [];
  const risk = riskOf(flags);
  const insight = { todos: summary?.insight.todos ?? undefined };
  const remaining = remainingOf(insight);
  return {
    run_id: view.run_id,
    state,
    phase: outcome === undefined ? (summary?.insight.phase ?? 'starting') : 'ended',
    elapsed_s: view.elapsed_s,
    done: short(doneOf({ insight, tools: summary?.tools ?? {} })),
    found: short((summary?.insight.findings ?? []).slice(-FOUND_SHOWN).map(foundLine)),
    changed: {
      count: outcome?.changed_files ?? summary?.insight.changed.source ?? 0,
      files: (summary?.insight.changed.files ?? []).slice(-LIST_SHOWN),
    },
    remaining: remaining === undefined ? null : short(remaining),
    flags: flags
      .filter(({ severity }) => isAtLeast(severity, 'medium'))
      .map(({ code, severity, evidence }) =>
        truncate(`${code} (${severity}): ${evidence}`, LINE_CHARS),
      ),
    blocking_ok: risk.blocking_ok,
    max_severity: risk.max_severity,
    next: nextOf(live, view),
    folder: run.paths.dir,
    artifacts: ARTIFACTS.filter((name) => existsSync(join(run.paths.dir, name))),
    ...compact({
      drifting: driftOf({ flags }),
      usd: outcome?.usage.usd,
      moved_to: view.moved_to,
      not_moved: view.not_moved,
      moved_from: run.record.lineage?.moved,
    }),
  };
}

function nextOf(
  { run, state, summary }: LiveRun,
  { moved_to }: Pick<RunView, 'moved_to'>,
): NextStep {
  if (moved_to !== undefined) {
    return { action: 'continue', why: `its task goes on in ${moved_to.run_id}` };
  }
  return (
    afterEnd(run, state) ??
    decide({
      state,
      isAsking: summary?.insight.asking ?? false,
      flags: summary?.insight.flags ?? [],
      failure: run.record.outcome?.failure,
    })
  );
}

function afterEnd({ workspace, record }: FoundRun, state: RunState): NextStep | undefined {
  if (!isFinal(state)) return undefined;
  const filter = { subject: record.run_id };
  return nextAfterEnd(latestEntries(workspace, filter, { limit: MAX_ENTRIES }).entries);
}

const ARTIFACTS = [
  'progress_summary.json',
  'latest_decision.md',
  'risk_flags.json',
  'changed_files.json',
  'tool_timeline.md',
  'checkpoints/',
  'events.ndjson',
  'verification/',
];

function foundLine({ text, quote }: ProgressSummary['insight']['findings'][number]): string {
  return quote ? `"${text}"` : text;
}

function short(lines: readonly string[]): string[] {
  const shown = lines.slice(-LIST_SHOWN).map((line) => truncate(line, LINE_CHARS));
  const omitted = lines.length - shown.length;
  return omitted > 0 ? [`${omitted} more`, ...shown] : shown;
}
