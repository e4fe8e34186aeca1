import * as z from 'zod';
import { compact } from '../core/json.ts';
import { truncate } from '../core/text.ts';
import type { UsageByModel } from '../workers/events.ts';
import { type CallsLine, foldCalls } from './call-text.ts';
import { type ContextShare, contextShare } from './context.ts';
import { attentionOf, newsMark } from './insight/attention.ts';
import { FLAG_CODES, SEVERITIES } from './insight/flags.ts';
import { type Progress, usageSoFar } from './progress.ts';
import type { RunRecord } from './record.ts';

const tokenCount = z.object({
  input: z.number(),
  output: z.number(),
  cache_read: z.number(),
  cache_write: z.number(),
  cli_usd: z.number().exactOptional(),
});

const flag = z.object({
  code: z.enum(FLAG_CODES),
  severity: z.enum(SEVERITIES),
  blocking: z.boolean(),
  evidence: z.string(),
  first_seq: z.number(),
  last_seq: z.number(),
  count: z.number(),
});

const finding = z.object({
  seq: z.number(),
  kind: z.string(),
  text: z.string(),
  /** The text is what the worker says, which proves nothing. */
  quote: z.literal(true).optional(),
});

/** What summaries of earlier versions do not hold. */
const insight = z.object({
  phase: z.string(),
  flags: z.array(flag),
  /** Tells two states of the flags apart; see newsMark. */
  mark: z.number(),
  findings: z.array(finding),
  /** Files it changed with its file tools, as far as it goes: the diff at the end is the truth. */
  changed: z.object({
    source: z.number(),
    artifacts: z.number(),
    files: z.array(z.string()),
  }),
  /** The worker's own list of what there is to do, in its own words; null where it keeps none. */
  todos: z.array(z.object({ text: z.string(), state: z.string() })).nullable(),
  /** It waits for our answer. */
  asking: z.boolean(),
});
export const NO_INSIGHT: z.infer<typeof insight> = {
  phase: 'unknown',
  flags: [],
  mark: 0,
  findings: [],
  changed: { source: 0, artifacts: 0, files: [] },
  todos: null,
  asking: false,
};

/** progress_summary.json: what a reader wants to know of a run without reading its events. */
export const progressSummary = z.object({
  schema_version: z.number(),
  updated: z.string(),
  elapsed_ms: z.number(),
  /** When it was written, on the clock of the machine's uptime, for the next supervisor. */
  uptime: z.object({ boot: z.string(), ms: z.number() }).optional(),
  seq: z.number(),
  /** Behind the last event that is counted here; whoever reads on from it misses nothing. */
  cursor: z.string().optional(),
  attempt: z.number(),
  model: z.string().nullable(),
  model_calls: z.number(),
  tokens: z.object({ input: z.number(), output: z.number(), cached: z.number() }),
  /** The same by model, for the bill of a run that goes on. */
  by_model: z.record(z.string(), tokenCount).optional(),
  tools: z.record(z.string(), z.number()),
  timeline: z.array(z.string()),
  last_action: z.object({ time: z.string(), text: z.string() }).nullable(),
  last_message: z.string(),
  /** Questions of the worker that wait for the controller. */
  questions: z
    .array(
      z.object({
        number: z.number(),
        kind: z.enum(['question', 'permission']),
        text: z.string(),
        options: z.array(z.array(z.string())).optional(),
        asked: z.string(),
      }),
    )
    .default([]),
  /** How full the context of the present session is, in per cent. */
  context_percent: z.number().nullable().default(null),
  rotations: z.number().default(0),
  /** Things a controller should look at; empty when all is well. */
  attention: z.array(z.string()),
  insight: insight.default(NO_INSIGHT),
});
export type ProgressSummary = z.infer<typeof progressSummary>;

const TIMELINE_SHOWN = 12;
const MESSAGE_CHARS = 600;
const FINDINGS_SHOWN = 10;
const CHANGED_SHOWN = 12;

export function summarise(
  progress: Progress,
  window?: RunRecord['context_window'],
): Omit<ProgressSummary, 'schema_version' | 'updated' | 'elapsed_ms' | 'uptime'> {
  const attention = attentionOf(progress);
  return {
    seq: progress.seq,
    attempt: progress.attempt,
    model: progress.ready?.model ?? null,
    model_calls: progress.model_calls,
    tokens: sumTokens(usageSoFar(progress)),
    by_model: usageSoFar(progress),
    tools: progress.tools,
    timeline: foldCalls(progress.timeline).slice(-TIMELINE_SHOWN).map(lineText),
    last_action: progress.last_action ?? null,
    last_message: truncate(progress.last_message ?? '', MESSAGE_CHARS),
    questions: Object.entries(progress.questions).map(
      ([number, { kind, text, options, asked }]) => ({
        number: Number(number),
        kind,
        text,
        ...compact({ options }),
        asked,
      }),
    ),
    context_percent: percent(contextShare(progress, window)),
    rotations: progress.rotations,
    attention: attention.map(({ text }) => text),
    insight: { ...insightOf(progress), mark: newsMark(attention) },
  };
}

function percent(context: ContextShare | undefined): number | null {
  return context === undefined ? null : Math.round(context.share * 100);
}

export function sumTokens(usage: UsageByModel): { input: number; output: number; cached: number } {
  const sum = { input: 0, output: 0, cached: 0 };
  for (const count of Object.values(usage)) {
    sum.input += count.input + count.cache_write;
    sum.output += count.output;
    sum.cached += count.cache_read;
  }
  return sum;
}

function lineText({ text, failed }: CallsLine): string {
  return failed > 0 ? `${truncate(text, 151)} (failed)` : text;
}

function insightOf({ insight, unanswered }: Progress): Omit<ProgressSummary['insight'], 'mark'> {
  const { phase, flags, findings, changed, changed_more, todos } = insight;
  const artifacts = changed.filter((file) => file.artifact).length;
  return {
    phase,
    flags: flags.map(({ told: _told, ...shown }) => shown),
    findings: findings.slice(-FINDINGS_SHOWN),
    changed: {
      source: changed.length - artifacts + changed_more,
      artifacts,
      files: changed.slice(-CHANGED_SHOWN).map(({ path }) => path),
    },
    todos: todos ?? null,
    asking: Object.keys(unanswered).length > 0,
  };
}
