import { oneLine, plural } from '../../core/text.ts';
import { pathsOf } from '../expressions/ast.ts';
import { judge } from '../expressions/evaluate.ts';
import { valuesOf } from '../expressions/values.ts';
import type { GateNode } from '../plan.ts';
import { takeBack } from './back.ts';
import { because, type Draft } from './draft.ts';
import { foundBy } from './found.ts';
import type { NodeRecord, Result } from './instance.ts';
import { indexOf } from './keys.ts';
import { lookupIn, statusOf } from './lookup.ts';
import { objectionOf } from './objections.ts';
import { settle } from './settle.ts';

const REASON_CHARS = 500;

/** Decides a gate: it passes, goes back to an earlier node with the reasons, or has failed for good. */
export function evaluateGate(draft: Draft, gate: GateNode) {
  const reasons = reasonsAgainst(draft, gate);
  const passed = reasons.length === 0;
  const node = draft.node(gate.index);
  const result: Result = { passed, reasons };
  node.tasks = [
    {
      state: passed ? 'succeeded' : 'failed',
      reason: null,
      item: null,
      tries: node.gate_retries + 1,
      refusals: 0,
      failures: [],
      wake_at: null,
      result,
    },
  ];
  if (passed) {
    const count = gate.conditions.length;
    const text = count === 0 ? whatPassed(draft, gate) : `${count} of ${count} conditions hold`;
    return settle(draft, gate.index, 'succeeded', because('gate_passed', text));
  }
  const text = reasons.join('; ');
  const { on_fail } = gate;
  if (on_fail === null) return fail(draft, gate, `${text}; it has no on_fail`);
  if (node.gate_retries >= on_fail.max_retries) {
    return fail(
      draft,
      gate,
      `${text}; its ${plural(on_fail.max_retries, 'retry is', 'retries are')} used up`,
    );
  }
  const { instance, plan } = draft;
  const round = instance.round - instance.granted_round + 1;
  if (round >= plan.loop_guard) {
    const why = `${text}; round ${round} is the last that loop_guard allows`;
    return settle(draft, gate.index, 'failed', because('loop_guard', why));
  }
  node.gate_retries += 1;
  instance.round += 1;
  // What it decided stays on record: as that it is taken back, like all that came of the target.
  draft.set(gate.index, 'failed', because('gate_failed', text));
  takeBack(draft, [on_fail.target], {
    code: 'taken_back_by_gate',
    text: `${gate.id} did not pass: ${text}`,
    advice: [...reasons, ...foundAgainst(draft, gate)],
  });
}

function whatPassed(draft: Draft, { needs }: GateNode): string {
  const skipped = needs
    .map((index) => draft.peek(index))
    .filter(({ state }) => state === 'skipped');
  if (skipped.length === 0) return 'every need passed';
  return oneLine(
    `every need passed or was left out: ${skipped.map(({ id }) => id).join(', ')}`,
    REASON_CHARS,
  );
}

function fail(draft: Draft, gate: GateNode, text: string): void {
  settle(draft, gate.index, 'failed', because('gate_failed', text));
}

function reasonsAgainst(draft: Draft, gate: GateNode): string[] {
  if (gate.conditions.length === 0) {
    return gate.needs.flatMap((index) => {
      const node = draft.peek(index);
      if (!hasPassed(node)) return [saying(draft, index, `${node.id} is ${statusOf(node)}`)];
      const against = objectionOf(draft.planOf(index), node);
      return against === undefined ? [] : [`${node.id} is through, and ${against}`];
    });
  }
  const lookup = lookupIn(draft.plan, draft.instance);
  return gate.conditions.flatMap(({ text, expression }) => {
    const { result, why } = judge(expression, lookup);
    if (result === true) return [];
    const what = result === 'unknown' ? `cannot be decided: ${why.join('; ')}` : 'does not hold';
    const values = valuesOf(expression, lookup);
    const facts = values.length === 0 ? '' : ` (${values.join(', ')})`;
    return [oneLine(`${text} ${what}${facts}`, REASON_CHARS)];
  });
}

/** What was left out by a condition of its own was not needed; after a failure it is missing. */
function hasPassed({ state, reason }: NodeRecord): boolean {
  return state === 'succeeded' || (state === 'skipped' && reason?.code !== 'skipped_after_failure');
}

/** What was found by those the gate asked about: `blocking_count == 0` alone tells nobody what to do. */
function foundAgainst(draft: Draft, gate: GateNode): string[] {
  const lookup = lookupIn(draft.plan, draft.instance);
  const asked = gate.conditions
    .filter(({ expression }) => judge(expression, lookup).result !== true)
    .flatMap(({ expression }) => pathsOf(expression))
    .flatMap(({ path: [first = '', second = ''] }) => {
      const index = indexOf(draft.plan, first === 'handoff' ? second : first);
      return index === undefined ? [] : [index];
    });
  const indices = new Set(gate.conditions.length === 0 ? gate.needs : asked);
  return [...indices].flatMap((index) => foundBy(draft.peek(index)));
}

/** With the reason of the node, which is what whoever goes back has to know. */
function saying(draft: Draft, index: number, text: string): string {
  const reason = draft.peek(index).reason?.text;
  return oneLine(reason === undefined ? text : `${text}: ${reason}`, REASON_CHARS);
}
