import { numberAt, stringAt } from '../../core/json.ts';
import { oneLine } from '../../core/text.ts';
import type { RunEvent } from '../events.ts';
import { routeMismatch } from '../route.ts';
import { FLAG_CODES, SEVERITIES } from './flags.ts';
import type { Insight } from './insight.ts';
import { advance, find, raise } from './notes.ts';
import { callEnded, callRefused, callsCut, toolCalled } from './observe-calls.ts';
import { claimsSuccess, isBoilerplate } from './prose.ts';

/** Output beyond which somebody should ask what it is good for, in characters. */
const MUCH_OUTPUT_CHARS = 1_000_000;
/** Retries in a whole run from which the model service counts as unsteady. */
const MANY_RETRIES = 10;
const QUOTE_CHARS = 200;

/** What is already known of the run when the event comes; `progress` without its insight. */
export type Known = { models: readonly string[]; retries: number };

/** Folds one event in. Constant time: everything that is looked through has a small bound. */
export function observe(insight: Insight, event: RunEvent, known: Known): void {
  if (event.raw !== undefined) {
    insight.line_seq = event.seq;
    if (event.type !== 'cc.api.retried') insight.life_seq = event.seq;
    if (event.redacted !== undefined) secretSeen(insight, event);
  }
  switch (event.type) {
    case 'cc.run.started':
      insight.root = stringAt(event, 'root') ?? stringAt(event, 'cwd') ?? '';
      insight.model = stringAt(event, 'model') ?? null;
      return;
    case 'cc.worker.started':
    case 'cc.worker.exited':
      callsCut(insight, event);
      return;
    case 'cc.worker.model_changed':
      find(insight, event, 'model', `model changed to ${stringAt(event, 'to') ?? '?'}`);
      return;
    case 'cc.context.compacted':
      find(insight, event, 'context', 'its context was compacted: details may be lost');
      return;
    case 'cc.message':
      modelAnswered(insight, event, known);
      said(insight, event);
      return;
    case 'cc.thinking':
      modelAnswered(insight, event, known);
      return;
    case 'cc.tool.used':
      modelAnswered(insight, event, known);
      toolCalled(insight, event);
      return;
    case 'cc.tool.finished':
      produced(insight, event, numberAt(event, 'output_chars') ?? 0);
      callEnded(insight, event);
      return;
    case 'cc.hook.answered':
    case 'cc.permission.answered':
      event.allow === false ? callRefused(insight, event) : undefined;
      return;
    case 'cc.api.retried':
      retried(insight, event, known);
      return;
    case 'cc.turn.ended':
      turnEnded(insight, event);
      return;
    case 'cc.flag.raised':
      flagRaised(insight, event);
      return;
    case 'cc.finding.made':
      insight.unpublished = insight.unpublished.filter(({ seq }) => seq !== event.of);
      return;
    default:
      return;
  }
}

/** Also for what only the supervisor can know: it journals the flag, which is then its evidence. */
function flagRaised(insight: Insight, event: RunEvent): void {
  const code = FLAG_CODES.find((one) => one === event.code);
  const severity = SEVERITIES.find((one) => one === event.severity);
  if (code === undefined || severity === undefined) return;
  if (event.by !== undefined) {
    raise(insight, code, severity, event, stringAt(event, 'evidence') ?? '');
  }
  const flag = insight.flags.find((one) => one.code === code);
  if (flag !== undefined) flag.told = severity;
  insight.untold = insight.flags.some((one) => one.told !== one.severity);
}

function modelAnswered(insight: Insight, event: RunEvent, known: Known): void {
  insight.output_seq = event.seq;
  insight.retry = { in_a_row: 0 };
  const model = stringAt(event, 'model');
  // Only a model that has not answered before can be the wrong one.
  if (model === undefined || known.models.includes(model)) return;
  if (stringAt(event, 'parent') !== undefined) return;
  const mismatch = routeMismatch(insight.model, [model]);
  if (mismatch === undefined) return;
  const evidence = `asked for ${mismatch.declared}, answered by ${model}`;
  raise(insight, 'route_mismatch', 'high', event, evidence);
}

function said(insight: Insight, event: RunEvent): void {
  const text = stringAt(event, 'text') ?? '';
  produced(insight, event, numberAt(event, 'chars') ?? text.length);
  if (stringAt(event, 'parent') !== undefined || isBoilerplate(text)) return;
  advance(insight);
  find(insight, event, 'said', oneLine(text, QUOTE_CHARS), { quote: true });
}

function produced(insight: Insight, event: RunEvent, chars: number): void {
  const before = insight.output_chars;
  insight.output_chars += chars;
  if (before >= MUCH_OUTPUT_CHARS || insight.output_chars < MUCH_OUTPUT_CHARS) return;
  const evidence = `${insight.output_chars} characters of messages and tool results`;
  raise(insight, 'excessive_output', 'medium', event, evidence);
}

function retried(insight: Insight, event: RunEvent, known: Known): void {
  const { retry } = insight;
  retry.in_a_row += 1;
  delete retry.status;
  delete retry.error;
  const status = numberAt(event, 'status');
  const error = stringAt(event, 'error');
  if (status !== undefined) retry.status = status;
  if (error !== undefined) retry.error = error;
  // The total counts this one only after us.
  if (known.retries + 1 !== MANY_RETRIES) return;
  const evidence = `${MANY_RETRIES} retries of the model service, last: ${status ?? error ?? 'no answer'}`;
  raise(insight, 'retry_storm', 'medium', event, evidence);
}

/** The stored text no longer holds it; how sure the redactor was decides what it is worth. */
function secretSeen(insight: Insight, event: RunEvent): void {
  const isSure = event.redacted === 'credential';
  const isSaid = event.type === 'cc.message' || event.type === 'cc.turn.ended';
  const where = isSaid ? 'what the worker says' : `a ${event.type.slice('cc.'.length)} event`;
  const severity = !isSure ? 'low' : isSaid ? 'high' : 'medium';
  const what = isSure ? 'a credential was redacted' : 'something like a secret was redacted';
  raise(insight, 'secret_like_output', severity, event, `${what} from ${where}`);
}

function turnEnded(insight: Insight, event: RunEvent): void {
  callsCut(insight, event);
  insight.phase = 'finished';
  advance(insight);
  const test = insight.last_test;
  if (event.is_error === true || test === undefined || test.ok) return;
  const evidence = `last test run failed (event ${test.seq}): ${test.command}`;
  raise(insight, 'failing_test', 'medium', event, evidence);
  if (!claimsSuccess(stringAt(event, 'text') ?? '')) return;
  raise(insight, 'success_claim_after_failing_test', 'high', event, evidence);
}

/** Files that differ at the end and should not: the diff says so, whatever made them differ. */
export function outsideScopeFlag(outside: readonly string[]): Record<string, unknown> {
  return {
    code: 'scope_violation',
    severity: 'high',
    by: 'diff',
    evidence: `changed outside its scope: ${outside.join(', ')}`,
  };
}
