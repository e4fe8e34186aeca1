import * as z from 'zod';
import { compact } from '../core/json.ts';
import { truncate } from '../core/text.ts';
import { isFinal, type RunState } from '../core/vocabulary.ts';
import { readJson } from '../store/atomic.ts';
import type { Host } from '../workspace/host.ts';
import type { FoundRun } from './find.ts';
import type { RunRecord } from './record.ts';
import { ensureSupervised } from './recover.ts';
import { type ProgressSummary, progressSummary } from './summarise.ts';

/** A run as a controller wants to see it: small, every fact by name, nothing it must work out. */
export const runView = z.object({
  run_id: z.string(),
  state: z.string(),
  title: z.string().optional(),
  role: z.string().optional(),
  profile: z.string().optional(),
  model: z.string().nullable().optional(),
  elapsed_s: z.number(),
  model_calls: z.number().optional(),
  tokens: z.object({ input: z.number(), output: z.number(), cached: z.number() }).optional(),
  /** null: the price is not known. */
  usd: z.number().nullable().optional(),
  /** Present when tokens and usd are a lower bound. */
  cost_complete: z.literal(false).optional(),
  last_action: z.string().optional(),
  /** What the worker waits for; answer with cc_answer_question. */
  questions: z
    .array(
      z.object({
        question: z.string(),
        text: z.string(),
        options: z.array(z.array(z.string())).optional(),
      }),
    )
    .optional(),
  /** The run whose task this one continues. */
  continues: z.string().optional(),
  attention: z.array(z.string()).optional(),
  failure: z
    .object({
      class: z.string(),
      evidence: z.array(z.string()),
      retryable: z.boolean(),
      hint: z.string().optional(),
    })
    .optional(),
  changed_files: z.number().optional(),
  route_mismatch: z.string().optional(),
  /** Where everything about the run is recorded. */
  folder: z.string().optional(),
});
export type RunView = z.infer<typeof runView>;

export type LiveRun = { run: FoundRun; state: RunState; summary: ProgressSummary | undefined };

/**
 * The state of a run right now. A run that nobody supervises gets a supervisor on the way; where
 * this host may not start one, its state reads `lost` and it needs recovery.
 */
export async function lookAt(host: Host, run: FoundRun): Promise<LiveRun> {
  const summary = progressSummary.safeParse(
    await readJson(run.paths.summary).catch(() => undefined),
  ).data;
  if (isFinal(run.record.state)) return { run, state: run.record.state, summary };
  const supervised = await ensureSupervised(host, run);
  return { run, state: supervised ? liveState(run.record, summary) : 'lost', summary };
}

/** The record follows the summary by a moment; a question must not be news without its text. */
function liveState({ state }: RunRecord, summary: ProgressSummary | undefined): RunState {
  if (state !== 'running' && state !== 'waiting_answer') return state;
  return (summary?.questions.length ?? 0) > 0 ? 'waiting_answer' : 'running';
}

/**
 * What has to be said of a run. `whole` adds what its controller asked for, which a caller who
 * follows it is spared; `folder` where it is recorded.
 */
export function viewOf(
  live: LiveRun,
  options: { whole?: boolean; folder?: boolean } = {},
): RunView {
  const { run, state, summary } = live;
  const { record, paths } = run;
  const { outcome } = record;
  const whole = options.whole === true;
  const attention = attentionOf(record, summary, state);
  const isTold = whole || outcome !== undefined;
  return {
    run_id: record.run_id,
    state,
    elapsed_s: Math.round((record.elapsed_ms ?? summary?.elapsed_ms ?? 0) / 1000),
    ...compact({
      title: isTold ? truncate(record.title, whole ? TITLE_CHARS : SHORT_TITLE_CHARS) : undefined,
      role: whole ? record.role : undefined,
      profile: whole ? record.profile.id : undefined,
      model: whole ? record.model : undefined,
      model_calls: isTold ? summary?.model_calls : undefined,
      tokens: isTold ? (finalTokens(record) ?? summary?.tokens) : undefined,
      usd: outcome?.usage.usd,
      cost_complete: outcome?.usage.complete === false ? (false as const) : undefined,
      last_action:
        outcome === undefined && summary?.last_action
          ? truncate(summary.last_action.text, ACTION_CHARS)
          : undefined,
      questions: state === 'waiting_answer' ? questionsOf(record, summary) : undefined,
      continues: record.lineage?.parent,
      attention: attention.length === 0 ? undefined : attention,
      failure: failureOf(record),
      changed_files: outcome?.changed_files ?? undefined,
      route_mismatch: mismatchOf(record),
      folder: options.folder ? paths.dir : undefined,
    }),
  };
}

function questionsOf(
  { run_id }: RunRecord,
  summary: ProgressSummary | undefined,
): RunView['questions'] {
  return summary?.questions.map(({ number, text, options }) => ({
    question: `${run_id}.${number}`,
    text: truncate(text, 500),
    ...compact({ options }),
  }));
}
const TITLE_CHARS = 80;
const SHORT_TITLE_CHARS = 40;
const ACTION_CHARS = 80;

function finalTokens(record: RunRecord): RunView['tokens'] | undefined {
  const tokens = record.outcome?.usage.tokens;
  if (tokens === undefined) return undefined;
  return {
    input: tokens.input + tokens.cache_write,
    output: tokens.output,
    cached: tokens.cache_read,
  };
}

function failureOf(record: RunRecord): RunView['failure'] {
  const failure = record.outcome?.failure;
  if (failure === undefined || failure.class === 'success') return undefined;
  return {
    class: failure.class,
    evidence: failure.evidence.slice(0, 3).map((item) => truncate(item, 200)),
    retryable: failure.retryable,
    ...compact({ hint: failure.hint }),
  };
}

function mismatchOf(record: RunRecord): string | undefined {
  const mismatch = record.outcome?.route_mismatch;
  if (mismatch === undefined) return undefined;
  return `asked for ${mismatch.declared}, answered by ${mismatch.actual.join(', ')}`;
}

function attentionOf(
  record: RunRecord,
  summary: ProgressSummary | undefined,
  state: RunState,
): string[] {
  const flags = [...(summary?.attention ?? [])];
  if (state === 'lost') {
    flags.push(
      'needs_recovery: nobody supervises it, and this server is read-only or has another user home',
    );
  }
  const outside = record.outcome?.outside_scope ?? [];
  if (outside.length > 0) {
    flags.push(truncate(`changed outside its scope: ${outside.join(', ')}`, 300));
  }
  if (record.scope !== null && record.outcome?.changed_files === null) {
    flags.push('what it changed is unknown: there was no snapshot to compare with');
  }
  const unexplained = record.outcome?.unattributed ?? [];
  if (unexplained.length > 0) {
    flags.push(truncate(`changed meanwhile, by no call of its: ${unexplained.join(', ')}`, 300));
  }
  const left = record.outcome?.left_processes ?? [];
  if (left.length > 0) flags.push(`processes still running: ${left.join(', ')}`);
  return flags;
}
