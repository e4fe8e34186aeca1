import * as z from 'zod';
import { compact } from '../core/json.ts';
import { truncate } from '../core/text.ts';
import type { UsageByModel } from '../workers/events.ts';
import { type ContextShare, contextShare } from './context.ts';
import { type Progress, refusedCalls, usageSoFar } from './progress.ts';
import type { RunRecord } from './record.ts';

const tokenCount = z.object({
  input: z.number(),
  output: z.number(),
  cache_read: z.number(),
  cache_write: z.number(),
  cli_usd: z.number().exactOptional(),
});

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
});
export type ProgressSummary = z.infer<typeof progressSummary>;

const TIMELINE_SHOWN = 12;
const MESSAGE_CHARS = 600;

export function summarise(
  progress: Progress,
  window?: RunRecord['context_window'],
): Omit<ProgressSummary, 'schema_version' | 'updated' | 'elapsed_ms' | 'uptime'> {
  return {
    seq: progress.seq,
    attempt: progress.attempt,
    model: progress.ready?.model ?? null,
    model_calls: progress.model_calls,
    tokens: sumTokens(usageSoFar(progress)),
    by_model: usageSoFar(progress),
    tools: progress.tools,
    timeline: progress.timeline.slice(-TIMELINE_SHOWN).map(timelineText),
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
    attention: attention(progress),
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

export function timelineText({ tool, target, ok, count }: Progress['timeline'][number]): string {
  const times = count > 1 ? ` ×${count}` : '';
  const failed = ok === false ? ' (failed)' : '';
  return truncate(`${tool}${target === undefined ? '' : ` ${target}`}${times}${failed}`, 160);
}

function attention(progress: Progress): string[] {
  const flags: string[] = [];
  const refused = refusedCalls(progress);
  if (refused > 0) flags.push(`${refused} tool call(s) refused`);
  if (progress.retries > 0) flags.push(`${progress.retries} retries of the model service`);
  if (progress.api_error?.error !== undefined)
    flags.push(`model service: ${progress.api_error.error}`);
  if (progress.attempt > 1) flags.push(`attempt ${progress.attempt}`);
  const questions = Object.keys(progress.questions).length;
  if (questions > 0) flags.push(`${questions} question(s) wait for an answer`);
  if (progress.closing?.kind === 'wrap_up')
    flags.push(`budget used up: ${progress.closing.because}`);
  const waiting = progress.outbox.filter(
    ({ kind, state }) => kind === 'instruction' && state !== 'started',
  );
  if (waiting.length > 0) flags.push(`${waiting.length} instruction(s) not taken up yet`);
  if (progress.stop !== undefined) flags.push(`stopping: ${progress.stop.reason}`);
  return flags;
}
