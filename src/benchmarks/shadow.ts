import { readdir, readFile } from 'node:fs/promises';
import * as z from 'zod';
import { isoTime } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { compact, objectAt } from '../core/json.ts';
import { isFinal } from '../core/vocabulary.ts';
import { addEvidence } from '../routing/evidence-log.ts';
import { SHADOW_LOG, type ShadowLine, type ShadowSide } from '../routing/shadow-results.ts';
import type { FoundRun } from '../runs/find.ts';
import { findRun } from '../runs/find.ts';
import { launchRun } from '../runs/launch.ts';
import { planRun, type RunRequest } from '../runs/plan.ts';
import { waitForRuns } from '../runs/wait.ts';
import { readJson } from '../store/atomic.ts';
import { privateRunPaths } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import { runPaths } from '../workspace/layout.ts';
import type { Place } from '../workspace/resolve.ts';
import { compareAnswers } from './shadow-compare.ts';

export type ShadowRequest = {
  profile: string;
  model: string | undefined;
  maxUsd: number | undefined;
};

/** Endings that are the candidate's own doing; after any other there is nothing to say about it. */
const OWN_DOING = new Set(['invalid_output', 'timeout', 'stopped_limit', 'context_overflow']);

/** The run that repeats a task, as it would be. */
export async function planShadow(host: Host, original: FoundRun, request: ShadowRequest) {
  return planRun(host, placeOf(original), await requestFor(host, original, request));
}

/**
 * Gives the task of a run that answered well to another model, word for word, and compares. The same
 * call again finds the same shadow run and goes on with it; undefined while it is still running.
 */
export async function shadowRun(
  host: Host,
  original: FoundRun,
  request: ShadowRequest,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<{ run_id: string; line: ShadowLine | undefined }> {
  const place = placeOf(original);
  const { record } = await launchRun(host, place, await requestFor(host, original, request));
  const paths = runPaths(place.workspace, record.run_id);
  await waitForRuns(host, {
    runs: [{ workspace: place.workspace, paths, record }],
    until: 'all',
    cursor: undefined,
    timeoutMs,
    signal,
  });
  const shadow = await findRun(host, record.run_id, place.workspace);
  if (!isFinal(shadow.record.state)) return { run_id: record.run_id, line: undefined };
  const line = await lineOf(host, original, shadow);
  await addEvidence(host.home, host.clock, SHADOW_LOG, line);
  return { run_id: record.run_id, line };
}

async function requestFor(
  host: Host,
  { record }: FoundRun,
  { profile, model, maxUsd }: ShadowRequest,
): Promise<RunRequest> {
  requireComparable(record);
  await requireUnsteered(host, record.run_id);
  const [task = '', ...rest] = await textsOf(host, record.run_id);
  const { wall_seconds, idle_seconds, max_turns } = record.budget;
  const max_tokens = record.budget.max_tokens ?? tokenCap(record);
  return {
    task,
    ...withContext(rest),
    title: `shadow: ${record.title}`,
    role: record.role,
    profile,
    model,
    budget: { wall_seconds, idle_seconds, max_turns, max_tokens, max_usd: maxUsd },
    projectGuidance: record.guidance_files.length > 0,
    outputSchema: record.output_schema,
    idempotencyKey: `shadow ${record.run_id} ${profile} ${model ?? ''}`,
    client: 'shadow',
    trial: { kind: 'shadow', of: record.run_id },
  };
}

function requireComparable(record: FoundRun['record']): void {
  const { run_id, state, scope } = record;
  const problem = (message: string, hint: string) => new CcError('NOT_ALLOWED', message, { hint });
  if (scope !== null) {
    throw problem(`${run_id} may change files.`, 'Only read-only runs are repeated.');
  }
  if (record.lineage !== undefined || record.ask !== undefined) {
    throw problem(
      `${run_id} was continued or could ask, so its task cannot be repeated as it was.`,
      'Choose a run that was given its whole task at once.',
    );
  }
  if (record.trial !== undefined) {
    throw problem(`${run_id} is a trial itself.`, 'Choose a run that did real work.');
  }
  if (state !== 'succeeded') {
    throw problem(
      `${run_id} ${isFinal(state) ? `ended as ${state}` : 'has not ended'}.`,
      'There must be a good answer to compare with.',
    );
  }
}

/** Where the original had no cap: several times what it took. */
function tokenCap({ outcome }: FoundRun['record']): number {
  return Math.max(LEAST_TOKENS, TIMES * sumOf(outcome?.usage.tokens));
}

const LEAST_TOKENS = 100_000;
const TIMES = 4;

/** Whoever was told more on the way had another task. */
async function requireUnsteered(host: Host, runId: string): Promise<void> {
  const names = await readdir(privateRunPaths(host.home, runId).messages).catch(() => []);
  if (names.every((name) => name.startsWith('handover-'))) return;
  throw new CcError('NOT_ALLOWED', `${runId} was given instructions on the way.`, {
    hint: 'Choose a run that was given its whole task at once.',
  });
}

/** As it was sent: the task, and what the controller added. */
async function textsOf(host: Host, runId: string): Promise<string[]> {
  const { prompt } = privateRunPaths(host.home, runId);
  const texts = z
    .array(z.string())
    .min(1)
    .safeParse(await readJson(prompt).catch(() => undefined));
  if (texts.success) return texts.data;
  throw new CcError('NOT_FOUND', `The task of ${runId} is not kept any more.`, {
    hint: 'Choose a newer run.',
  });
}

const CONTEXT = /^Context from the controller:\n\n/;

function withContext(rest: readonly string[]): { context?: string } {
  return compact({ context: rest[0]?.replace(CONTEXT, '') });
}

function placeOf({ record, workspace }: FoundRun): Place {
  return { cwd: record.cwd, workspace, source: 'argument' };
}

async function lineOf(host: Host, original: FoundRun, shadow: FoundRun): Promise<ShadowLine> {
  const [wanted, given] = await Promise.all([answerOf(original), answerOf(shadow)]);
  const { outcome } = shadow.record;
  const failure = outcome?.failure.class ?? 'unknown';
  const comparison =
    failure === 'success'
      ? compareAnswers(wanted, given)
      : {
          agreement: OWN_DOING.has(failure) ? 0 : null,
          compared: 'nothing' as const,
          details: [`it ended as ${shadow.record.state} (${failure})`],
        };
  const mismatch = outcome?.route_mismatch;
  return {
    time: isoTime(host.clock.now()),
    role: original.record.role,
    original: sideOf(original, wanted.text),
    shadow: sideOf(shadow, given.text),
    ...comparison,
    ...(mismatch === undefined
      ? {}
      : {
          agreement: null,
          details: [`another model answered: ${mismatch.actual.join(', ')}`, ...comparison.details],
        }),
  };
}

async function answerOf({ paths }: FoundRun): Promise<{ output: unknown; text: string }> {
  const [output, text] = await Promise.all([
    readJson(paths.output).catch(() => undefined),
    readFile(paths.stdout, 'utf8').catch(() => ''),
  ]);
  return { output: objectAt(output, 'output'), text };
}

function sideOf({ record }: FoundRun, text: string): ShadowSide {
  const usage = record.outcome?.usage;
  return {
    run_id: record.run_id,
    profile: record.profile.id,
    model: record.model,
    state: record.state,
    failure: record.outcome?.failure.class ?? 'unknown',
    tokens: sumOf(usage?.tokens),
    usd: usage?.usd ?? null,
    elapsed_ms: record.elapsed_ms ?? 0,
    chars: text.length,
  };
}

function sumOf(tokens: Record<string, number> | undefined): number {
  return Object.values(tokens ?? {}).reduce((sum, count) => sum + count, 0);
}
