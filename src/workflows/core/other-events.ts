import { compact, isObject } from '../../core/json.ts';
import { exitCodeHiddenBy } from '../../core/shell-exit.ts';
import { oneLine } from '../../core/text.ts';
import { charge } from './budget.ts';
import { stop } from './control.ts';
import { because, type Draft } from './draft.ts';
import type { WorkflowEvent } from './events.ts';
import { closeAttempt, findAttempt, stopAttempt } from './flight.ts';
import type { Result } from './instance.ts';
import { again, failTask } from './retry.ts';
import { endTask } from './settle.ts';
import { countProfile } from './start.ts';

type Event<T extends WorkflowEvent['type']> = Extract<WorkflowEvent, { type: T }>;

/** Refusals of a start (no free slot, no profile) that are waited out before it counts as failed. */
const MAX_REFUSALS = 500;
const OUTPUT_CHARS = 4000;

export function runStarted(draft: Draft, event: Event<'run_started'>): void {
  const found = findAttempt(draft, event.key);
  if (found === undefined || found.attempt.phase !== 'starting') return;
  const { attempt } = found;
  attempt.phase = 'running';
  attempt.run_id = event.run_id;
  attempt.model = event.model ?? attempt.model;
  if (event.profile === undefined || event.profile === attempt.profile) return;
  countProfile(draft, attempt.profile, -1);
  countProfile(draft, event.profile, 1);
  attempt.profile = event.profile;
}

/** Nothing has started, so nothing was tried: the same attempt comes up again, with the same key. */
export function startRefused(draft: Draft, event: Event<'start_refused'>): void {
  const found = findAttempt(draft, event.key);
  if (found === undefined) return;
  const { attempt, index } = found;
  const { task, kind, stopping, phase, result } = attempt;
  if (phase !== 'starting' && phase !== 'repairing') return;
  closeAttempt(draft, found);
  if (phase === 'repairing') {
    if (stopping !== null) return;
    const text = `its handoff cannot be used, and it could not be asked: ${oneLine(event.text, 500)}`;
    failTask(draft, index, task, { code: 'invalid_output', text, class: 'invalid_output', result });
    return;
  }
  if (kind !== 'command') {
    draft.instance.spent = { ...draft.instance.spent, runs: draft.instance.spent.runs - 1 };
  }
  if (stopping !== null) return;
  const text = `it could not start: ${oneLine(event.text, 500)}`;
  const record = draft.task(index, task);
  const refusals = record.refusals + 1;
  if (event.retry_after_ms !== undefined && refusals < MAX_REFUSALS) {
    record.refusals = refusals;
    record.tries -= 1;
    again(draft, index, task, Math.max(1, event.retry_after_ms), text);
    return;
  }
  const failure = event.class ?? 'launch_environment';
  failTask(draft, index, task, { code: 'start_failed', text, class: failure, result: null });
}

export function commandEnded(draft: Draft, event: Event<'command_ended'>): void {
  const found = findAttempt(draft, event.key);
  if (found === undefined || found.attempt.kind !== 'command') return;
  const { attempt, index } = found;
  const { exit_code, elapsed_ms, tests, output_tail } = event;
  const hidden = tests !== undefined && tests.failed > 0 ? hiddenBy(draft, index) : undefined;
  const result = compact({
    // That of another command says nothing, to no condition either.
    exit_code: hidden === undefined ? (exit_code ?? undefined) : undefined,
    elapsed_ms,
    tests,
    output_tail: output_tail?.slice(-OUTPUT_CHARS),
  }) as Result;
  attempt.result = result;
  closeAttempt(draft, found);
  if (attempt.stopping !== null) return;
  if (exit_code === 0 && hidden === undefined) {
    endTask(draft, index, attempt.task, {
      state: 'succeeded',
      reason: because('done', 'exit code 0'),
      result,
    });
    return;
  }
  const text =
    hidden === undefined || exit_code !== 0
      ? endText(event)
      : `${tests?.failed} failing test(s); exit code 0 is that of \`${hidden}\``;
  failTask(draft, index, attempt.task, { code: 'command_failed', text, class: 'unknown', result });
}

/** Without an exit code its first line says what became of it, however much it printed. */
function endText({ exit_code, output_tail = '' }: Event<'command_ended'>): string {
  const [first = '', ...rest] = output_tail.split('\n');
  const [how, said] =
    exit_code === null
      ? [first === '' ? 'it was killed' : first, rest.join('\n')]
      : [`exit code ${exit_code}`, output_tail];
  const tail = oneLine(said.slice(-500), 500);
  return tail === '' ? how : `${how}: ${tail}`;
}

function hiddenBy(draft: Draft, index: number): string | undefined {
  const node = draft.planOf(index);
  if (node.kind !== 'command' || !('shell' in node.command)) return undefined;
  return exitCodeHiddenBy(node.command.shell);
}

export function workflowEnded(draft: Draft, event: Event<'workflow_ended'>): void {
  const found = findAttempt(draft, event.key);
  if (found === undefined || found.attempt.kind !== 'workflow') return;
  const { attempt, index } = found;
  attempt.reserved = charge(draft, event.usage, attempt.reserved);
  const { usd, tokens, elapsed_ms } = event.usage;
  const result = compact({
    workflow_id: event.workflow_id,
    usd: usd ?? undefined,
    tokens,
    elapsed_ms,
    handoff: isObject(event.handoffs) ? event.handoffs : undefined,
  }) as Result;
  attempt.result = result;
  closeAttempt(draft, found);
  if (attempt.stopping !== null) return;
  const text = `the workflow ended ${event.state}: ${oneLine(event.text, 500)}`;
  if (event.state === 'succeeded') {
    endTask(draft, index, attempt.task, {
      state: 'succeeded',
      reason: because('done', text),
      result,
    });
  } else {
    failTask(draft, index, attempt.task, {
      code: 'workflow_failed',
      text,
      class: 'unknown',
      result,
    });
  }
}

export function approvalGiven(draft: Draft, event: Event<'approval_given'>): void {
  const found = findAttempt(draft, event.key);
  if (found === undefined || found.attempt.kind !== 'approval') return;
  const { decision, by, comment } = event;
  closeAttempt(draft, found);
  const said = comment === undefined ? '' : `: ${oneLine(comment, 500)}`;
  const text = `${decision} by ${oneLine(by, 100)}${said}`;
  const result = compact({ decision, by, comment }) as Result;
  const isYes = decision === 'approved';
  endTask(draft, found.index, 0, {
    state: isYes ? 'succeeded' : 'failed',
    reason: because(isYes ? 'approved' : 'not_approved', text),
    result,
  });
}

/** Time has passed: attempts that are due come up again, and what took too long is ended. */
export function woken(draft: Draft): void {
  const { instance, plan } = draft;
  const isPast = (time: string | null) => time !== null && Date.parse(time) <= draft.now;
  const { started } = instance;
  if (plan.timeout_seconds !== null && started !== null) {
    if (Date.parse(started) + plan.timeout_seconds * 1000 <= draft.now) {
      const text = `it has run for ${plan.timeout_seconds} s, its timeout_seconds`;
      stop(draft, 'workflow_timeout', 'timeout_seconds', text);
    }
  }
  for (const [index, { tasks, attempts, state }] of instance.nodes.entries()) {
    for (const { key, deadline, kind, stopping } of attempts) {
      if (stopping !== null || !isPast(deadline)) continue;
      const found = findAttempt(draft, key);
      if (found === undefined) continue;
      if (kind === 'approval') expire(draft, found);
      else stopAttempt(draft, found, 'timed_out', 'it took longer than its timeout_seconds');
    }
    if (state !== 'waiting' && state !== 'running' && state !== 'ready') continue;
    for (const [at, task] of tasks.entries()) {
      if (task.state !== 'waiting' || !isPast(task.wake_at)) continue;
      again(draft, index, at, 0, draft.task(index, at).reason?.text ?? 'it is due');
      draft.task(index, at).wake_at = null;
    }
  }
}

function expire(draft: Draft, found: NonNullable<ReturnType<typeof findAttempt>>): void {
  const { key } = found.attempt;
  draft.emit({ id: `${key}:withdraw`, type: 'withdraw_approval', key });
  closeAttempt(draft, found);
  const text = `nobody decided within ${draft.planOf(found.index).timeout_seconds} s`;
  const reason = because('approval_timeout', text);
  endTask(draft, found.index, 0, { state: 'failed', reason, result: null });
}
