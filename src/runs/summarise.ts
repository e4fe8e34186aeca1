import * as z from 'zod';
import { truncate } from '../core/text.ts';
import type { UsageByModel } from '../workers/events.ts';
import { type Progress, refusedCalls, usageSoFar } from './progress.ts';

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
  /** Things a controller should look at; empty when all is well. */
  attention: z.array(z.string()),
});
export type ProgressSummary = z.infer<typeof progressSummary>;

const TIMELINE_SHOWN = 12;
const MESSAGE_CHARS = 600;

export function summarise(
  progress: Progress,
): Omit<ProgressSummary, 'schema_version' | 'updated' | 'elapsed_ms'> {
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
    attention: attention(progress),
  };
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

function timelineText({ tool, target, ok, count }: Progress['timeline'][number]): string {
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
  if (progress.stop !== undefined) flags.push(`stopping: ${progress.stop.reason}`);
  return flags;
}
