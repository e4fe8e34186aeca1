import * as z from 'zod';
import { compact } from '../core/json.ts';
import { truncate } from '../core/text.ts';
import { isFinal, type RunState } from '../core/vocabulary.ts';
import { readJson } from '../store/atomic.ts';
import type { Host } from '../workspace/host.ts';
import type { Move } from './fallback/decision.ts';
import { lookAtMove } from './fallback/look.ts';
import { type FoundRun, findRun } from './find.ts';
import { movedFrom, type RunRecord } from './record.ts';
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
  /** Its provider failed: its task goes on in this run. */
  moved_to: z.object({ run_id: z.string(), profile: z.string(), model: z.string() }).optional(),
  /** Its provider failed, and why its task does not go on elsewhere by itself. */
  not_moved: z.string().optional(),
  /** The runs that failed before it at this task, oldest first. */
  moved_from: z.array(movedFrom).optional(),
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

export type LiveRun = {
  run: FoundRun;
  state: RunState;
  summary: ProgressSummary | undefined;
  /** How its task goes on where it failed. */
  move?: Move | undefined;
};

/** Nothing more is to come of it: it is final, and its task is not about to go on elsewhere. */
export function hasEnded({ state, move }: LiveRun): boolean {
  return isFinal(state) && move?.did !== 'moving' && move?.did !== 'blocked';
}

/**
 * The state of a run right now. A run that nobody supervises gets a supervisor on the way; where
 * this host may not start one, its state reads `lost` and it needs recovery. The task of one whose
 * provider failed goes on elsewhere from here.
 */
export async function lookAt(host: Host, run: FoundRun): Promise<LiveRun> {
  const summary = progressSummary.safeParse(
    await readJson(run.paths.summary).catch(() => undefined),
  ).data;
  if (isFinal(run.record.state)) {
    return { run, state: run.record.state, summary, move: await lookAtMove(host, run) };
  }
  const supervised = await ensureSupervised(host, run);
  return { run, state: supervised ? liveState(run.record, summary) : 'lost', summary };
}

/** A run, and those its task was moved to, if any. */
export async function lookAtTask(host: Host, run: FoundRun): Promise<LiveRun[]> {
  const live = [await lookAt(host, run)];
  for (let last = live.at(-1); last?.move?.did === 'moved'; last = live.at(-1)) {
    const next = await findRun(host, last.move.to.run_id, run.workspace).catch(() => undefined);
    if (next === undefined) break;
    live.push(await lookAt(host, next));
  }
  return live;
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
  const { run, state, summary, move } = live;
  const { record, paths } = run;
  const { outcome, lineage } = record;
  const whole = options.whole === true;
  const attention = attentionOf(record, summary, live);
  // Of one whose task goes on elsewhere only that; the run there tells the rest.
  const isTold = whole || (outcome !== undefined && move?.did !== 'moved');
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
      continues: lineage?.moved === undefined ? lineage?.parent : undefined,
      moved_from: isTold ? lineage?.moved : undefined,
      moved_to: move?.did === 'moved' ? move.to : undefined,
      not_moved: move?.did === 'stays' ? notMoved(move) : undefined,
      attention: attention.length === 0 ? undefined : attention,
      failure: failureOf(record, { brief: !whole && move?.did === 'moved' }),
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
const NOT_MOVED_CHARS = 400;

function finalTokens(record: RunRecord): RunView['tokens'] | undefined {
  const tokens = record.outcome?.usage.tokens;
  if (tokens === undefined) return undefined;
  return {
    input: tokens.input + tokens.cache_write,
    output: tokens.output,
    cached: tokens.cache_read,
  };
}

function notMoved({ why, next }: Extract<Move, { did: 'stays' }>): string {
  const then =
    next === undefined
      ? ''
      : `. Next would be ${next.profile} ${next.model}: cc_send_instruction with that profile goes on there; fallback: true at the start does it by itself`;
  return truncate(why + then, NOT_MOVED_CHARS);
}

function failureOf(record: RunRecord, { brief }: { brief: boolean }): RunView['failure'] {
  const failure = record.outcome?.failure;
  if (failure === undefined || failure.class === 'success') return undefined;
  // What to do about it has been done.
  if (brief) return { class: failure.class, evidence: [], retryable: failure.retryable };
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
  { state, move }: LiveRun,
): string[] {
  const flags = [...(summary?.attention ?? [])];
  if (move?.did === 'blocked') flags.push(`waits to go on elsewhere: ${move.why}`);
  if (move?.did === 'left') flags.push(`its task could go on elsewhere, but ${move.why}`);
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
