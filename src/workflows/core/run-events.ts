import { compact, stringAt } from '../../core/json.ts';
import { repairPrompt } from '../handoffs/repair.ts';
import { validateHandoff } from '../handoffs/validate.ts';
import type { AgentNode } from '../plan.ts';
import { charge, isKnown } from './budget.ts';
import { because, type Draft } from './draft.ts';
import { repairOf, verificationOf } from './effect-of.ts';
import type { RunEnd, RunVerified } from './events.ts';
import { closeAttempt, type Found, findAttempt } from './flight.ts';
import type { Result } from './instance.ts';
import { isVerdictAskedFor, verdictAgainst } from './objections.ts';
import { failTask } from './retry.ts';
import { endTask } from './settle.ts';

/** A worker run has ended: its handoff is checked, repaired once, and then the run is verified. */
export function runEnded(draft: Draft, event: RunEnd) {
  const found = findAttempt(draft, event.key);
  if (found === undefined || found.attempt.kind !== 'run') return;
  const { attempt, index } = found;
  if (attempt.phase === 'verifying') return;
  attempt.run_id = event.run_id;
  attempt.reserved = charge(draft, event.usage, attempt.reserved);
  const result = merged(attempt.result, resultOf(event));
  attempt.result = result;
  const node = draft.planOf(index) as AgentNode;
  if (attempt.stopping !== null) return closeAttempt(draft, found);
  if (event.state !== 'succeeded' && !isUnanswered(event)) {
    const code = event.state === 'timed_out' ? 'timed_out' : 'run_failed';
    const text = `the run ended ${event.state}: ${event.failure.text}`;
    closeAttempt(draft, found);
    return failTask(draft, index, attempt.task, {
      code,
      text,
      class: event.failure.class,
      result: { ...result, failure_class: event.failure.class },
    });
  }
  const checked = validateHandoff(node.use.role, event.handoff, node.outputs);
  if (!checked.ok) {
    const what = checked.problems.map(({ field, problem }) => `${field} ${problem}`.trim());
    if (attempt.repair === null && canRepair(draft, found)) {
      attempt.repair = repairPrompt(node.use.role, checked.problems, node.outputs);
      attempt.phase = 'repairing';
      draft.emit(repairOf(attempt));
      return;
    }
    closeAttempt(draft, found);
    const text = `its handoff cannot be used: ${what.join('; ')}`;
    return failTask(draft, index, attempt.task, {
      code: 'invalid_output',
      text,
      class: 'invalid_output',
      result: { ...result, failure_class: 'invalid_output' },
    });
  }
  attempt.result = { ...result, handoff: checked.handoff };
  if (node.verify === null || stringAt(checked.handoff, 'status') !== 'pass') {
    return conclude(draft, found);
  }
  attempt.phase = 'verifying';
  draft.emit(verificationOf(draft.plan, attempt));
}

export function runVerified(draft: Draft, event: RunVerified) {
  const found = findAttempt(draft, event.key);
  if (found === undefined || found.attempt.phase !== 'verifying') return;
  const { attempt, index } = found;
  const { verdict, risk, reasons, tests, changed_files } = event;
  const facts = compact({ verdict, risk, reasons, tests, changed_files }) as Result;
  attempt.result = { ...attempt.result, ...facts };
  if (attempt.stopping !== null) return closeAttempt(draft, found);
  const { verify } = draft.planOf(index) as AgentNode;
  const isEnough =
    verdict === 'accept' || (verdict === 'investigate' && verify?.at_least !== 'accept');
  if (isEnough) return conclude(draft, found);
  const result = attempt.result;
  closeAttempt(draft, found);
  const text = `its work was judged ${verdict}: ${reasons.join('; ') || 'no reasons given'}`;
  failTask(draft, index, attempt.task, { code: 'rejected', text, class: 'unknown', result });
}

/** The run is done and checked; what counts now is what the worker says of its own task. */
function conclude(draft: Draft, found: Found) {
  const { attempt, index } = found;
  const { result, task } = attempt;
  closeAttempt(draft, found);
  const status = stringAt(result?.handoff, 'status');
  const against = status === 'pass' ? unjudged(draft, index, result) : undefined;
  if (against !== undefined) {
    const text = `the worker has judged it, and ${against}`;
    return failTask(draft, index, task, {
      code: 'handoff_fail',
      text,
      class: 'unknown',
      result,
      isFinding: true,
    });
  }
  if (status === 'pass') {
    const reason = because('done', stringAt(result?.handoff, 'summary')?.slice(0, 300) ?? 'done');
    return endTask(draft, index, task, { state: 'succeeded', reason, result });
  }
  const code = status === 'blocked' ? 'handoff_blocked' : 'handoff_fail';
  const summary = stringAt(result?.handoff, 'summary') ?? '';
  const text = `the worker says ${status}: ${summary}`;
  failTask(draft, index, task, { code, text, class: 'unknown', result, isFinding: true });
}

/** A supervisor that does not approve, where no condition of the file asks what it says. */
function unjudged(draft: Draft, index: number, result: Result | null): string | undefined {
  const node = draft.planOf(index);
  if (node.kind !== 'agent' || result?.handoff === undefined) return undefined;
  const against = verdictAgainst(node, result.handoff);
  return against === undefined || isVerdictAskedFor(draft.plan, node.id) ? undefined : against;
}

/** It did its work, and what it said has not the agreed form. Runs without an answer by schema end so. */
function isUnanswered({ state, failure }: RunEnd): boolean {
  return state === 'failed' && failure.class === 'invalid_output';
}

/** A follow-up costs something; where nothing is left of what was granted there is none. */
function canRepair(draft: Draft, { attempt }: Found): boolean {
  const { limits } = draft.instance;
  const { usd, tokens } = attempt.reserved;
  return (
    (limits.max_usd === undefined || usd > 0) && (limits.max_tokens === undefined || tokens > 0)
  );
}

function resultOf(event: RunEnd): Result {
  const { run_id, profile, model, changed_files, usage } = event;
  return compact({
    run_id,
    profile,
    model,
    changed_files,
    usd: isKnown(usage) ? (usage.usd ?? undefined) : undefined,
    tokens: usage.tokens,
    elapsed_ms: usage.elapsed_ms,
  }) as Result;
}

/** A run and its follow-up are one attempt. */
function merged(before: Result | null, now: Result): Result {
  if (before === null) return now;
  const { usd, ...rest } = { ...before, ...now };
  const both = before.usd !== undefined && now.usd !== undefined;
  return {
    ...rest,
    ...(both ? { usd: (before.usd ?? 0) + (now.usd ?? 0) } : {}),
    tokens: (before.tokens ?? 0) + (now.tokens ?? 0),
    elapsed_ms: (before.elapsed_ms ?? 0) + (now.elapsed_ms ?? 0),
  };
}
