import { plural } from '../../core/text.ts';
import type { NodeRecord, Result, TaskRecord } from '../core/instance.ts';
import { taskId } from '../core/keys.ts';
import { lookupIn } from '../core/lookup.ts';
import { valuesOf } from '../expressions/values.ts';
import type { GateNode, PlanNode } from '../plan.ts';
import type { NodeState } from '../vocabulary.ts';
import type { Quote } from './quote.ts';
import type { Turn } from './turn.ts';

type Change = { node: PlanNode; was: NodeRecord; is: NodeRecord };

/** What an event made of the nodes: attempts that failed, ends, gates, what was taken back, what began. */
export function nodeTurns(turn: Turn, quote: Quote): string[] {
  const { plan, before, after } = turn;
  if (before.nodes === after.nodes) return [];
  const changes = plan.nodes.flatMap((node, index): Change[] => {
    const [was, is] = [before.nodes[index], after.nodes[index]];
    return was === undefined || is === undefined || was === is ? [] : [{ node, was, is }];
  });
  return [
    ...changes.flatMap((change) => taskTurns(change, quote)),
    ...changes.flatMap((change) => ended(change, turn, quote)),
    ...changes.flatMap((change) => endedAndBack(change, quote)),
    ...unreached(changes, quote),
    ...changes.flatMap((change) => wentBack(change, turn, quote)),
    ...takenBack(changes),
    ...changes.flatMap((change) => began(change, quote)),
  ];
}

function taskTurns({ node, was, is }: Change, quote: Quote): string[] {
  if (was.round !== is.round) return [];
  return is.tasks.flatMap((task, at) => {
    const old = was.tasks[at];
    if (old === undefined || old === task) return [];
    const id = taskId(node, at);
    const why = task.failures.at(-1) ?? '';
    const isAgain = task.state === 'waiting' || task.state === 'ready';
    if (task.failures !== old.failures && isAgain) {
      const when = task.wake_at === null ? 'at once' : `at ${clock(task.wake_at, is.since)}`;
      return [`${id}: attempt ${task.tries} failed: ${quote(why)} It is tried again ${when}.`];
    }
    const isEnd = task.state === 'succeeded' || task.state === 'failed';
    if (node.expansion === null || task.state === old.state || !isEnd) return [];
    return [`${id} ${word(task.state)}${facts(task, quote)}`];
  });
}

const MEANS: Readonly<Record<NonNullable<NodeRecord['failure']>, string>> = {
  final: '',
  continued: ' The file lets the rest go on.',
  skipping: ' What needs it is skipped.',
  handling: ' Another node handles it.',
  recovered: '',
};

/** Ends that say something of their own; a gate tells its conditions with their values. */
function ended({ node, was, is }: Change, turn: Turn, quote: Quote): string[] {
  if (was.failure === 'handling' && is.failure === 'recovered') {
    return [`The failure of ${is.id} was handled.`];
  }
  const isNew = is.state !== was.state && (is.state === 'succeeded' || is.state === 'failed');
  if (!isNew) return [];
  if (node.kind === 'gate') return [gateEnd(node, is, turn, quote)];
  const [only] = is.tasks;
  const what =
    node.expansion === null && only !== undefined ? facts(only, quote) : reasonOf(is, quote);
  return [`${is.id} ${word(is.state)}${what}${is.failure === null ? '' : MEANS[is.failure]}`];
}

/** It ended, and was taken back for it at once: how it ended stands only in what is stale by now. */
function endedAndBack({ node, was, is }: Change, quote: Quote): string[] {
  const stale = is.stale.at(-1);
  const isNew = is.round > was.round && stale?.round === was.round && stale.state !== was.state;
  if (node.kind === 'gate' || !isNew) return [];
  if (stale.state !== 'failed' && stale.state !== 'succeeded') return [];
  return [`${is.id} ${word(stale.state)}: ${quote(stale.text, 500)}`];
}

function gateEnd(gate: GateNode, is: NodeRecord, { plan, after }: Turn, quote: Quote): string {
  if (is.state === 'failed')
    return `Gate ${is.id} **failed**: ${quote(is.reason?.text ?? '', 600)}`;
  if (gate.conditions.length === 0) return `Gate ${is.id} passed: ${is.reason?.text ?? ''}.`;
  const lookup = lookupIn(plan, after);
  const lines = gate.conditions.map(({ text, expression }) => {
    const values = valuesOf(expression, lookup).join(', ');
    return `    - ${quote(text)} holds: ${quote(values)}`;
  });
  return [`Gate ${is.id} passed:`, ...lines].join('\n');
}

/** A gate that did not pass and goes back; its reasons are what the target was given. */
function wentBack({ node, was, is }: Change, { after }: Turn, quote: Quote): string[] {
  if (node.kind !== 'gate' || node.on_fail === null || is.gate_retries <= was.gate_retries)
    return [];
  const target = after.nodes[node.on_fail.target];
  const head = `Gate ${is.id} did **not pass**; back to ${target?.id ?? ''} (retry ${is.gate_retries} of ${node.on_fail.max_retries}, round ${after.round}):`;
  return [
    [head, ...(target?.advice ?? []).map((reason) => `    - ${quote(reason, 500)}`)].join('\n'),
  ];
}

const NAMED = 12;

function takenBack(changes: readonly Change[]): string[] {
  const ids = changes.filter(({ was, is }) => is.round > was.round).map(({ is }) => is.id);
  if (ids.length === 0) return [];
  return [`Taken back: ${named(ids)}. What they had is stale and counts for nothing.`];
}

const NOT_REACHED: readonly NodeState[] = ['skipped', 'blocked', 'cancelled'];

/** Often many at once, for one reason: told together. */
function unreached(changes: readonly Change[], quote: Quote): string[] {
  const groups = new Map<string, { state: NodeState; text: string; ids: string[] }>();
  for (const { was, is } of changes) {
    if (was.state === is.state || !NOT_REACHED.includes(is.state)) continue;
    const text = is.reason?.text ?? '';
    const key = is.reason?.code === 'need_failed' ? 'need_failed' : `${is.state} ${text}`;
    const group = groups.get(key) ?? { state: is.state, text, ids: [] };
    group.ids.push(is.id);
    groups.set(key, group);
  }
  return [...groups.values()].map(
    ({ state, text, ids }) =>
      `${named(ids)} ${ids.length === 1 ? 'is' : 'are'} ${state}: ${quote(text)}`,
  );
}

function began({ node, was, is }: Change, quote: Quote): string[] {
  const known = new Set(was.attempts.map(({ key }) => key));
  const isNew = is.attempts.find(({ key }) => !known.has(key));
  if (isNew === undefined) return [];
  if (node.kind === 'approval') return [`${is.id} asks: ${quote(node.question, 500)}`];
  if (node.kind !== 'command') return [];
  const line = 'argv' in node.command ? node.command.argv.join(' ') : node.command.shell;
  return [`${taskId(node, isNew.task)} runs the command ${quote(line)}`];
}

function facts({ result, reason, state }: TaskRecord, quote: Quote): string {
  const known = resultFacts(result);
  // What was verified has told what it hands over before.
  const isTold = result?.verdict !== undefined && state === 'succeeded';
  const text = reason === null || isTold ? '' : `: ${quote(reason.text, 500)}`;
  return `${known.length === 0 ? '' : ` (${known.join(', ')})`}${text}`;
}

/** What is known of a result by our own looking, in a few words. */
export function resultFacts(result: Result | null): string[] {
  const { verdict, tests, changed_files, usd } = result ?? {};
  return [
    ...(verdict === undefined ? [] : [`verdict ${verdict}`]),
    ...(tests === undefined ? [] : [`tests ${tests.passed} passed, ${tests.failed} failed`]),
    ...(changed_files === undefined ? [] : [`${plural(changed_files, 'file')} changed`]),
    ...(usd === undefined ? [] : [`$${usd.toFixed(4)}`]),
  ];
}

function reasonOf({ reason }: NodeRecord, quote: Quote): string {
  return reason === null ? '' : `: ${quote(reason.text, 500)}`;
}

function word(state: NodeState | TaskRecord['state']): string {
  return state === 'failed' ? '**failed**' : state;
}

function named(ids: readonly string[]): string {
  const more = ids.length - NAMED;
  return `${ids.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** The time of day, UTC; with its date where that is not the day it began. */
export function clock(time: string, began = time): string {
  const [day, clockTime] = [time.slice(0, 10), time.slice(11, 19)];
  return began.startsWith(day) ? clockTime : `${day} ${clockTime}`;
}
