import { SEVERITIES } from '../handoffs/schemas.ts';
import { HANDOFF_STATUSES, NODE_STATES, type NodeKind, VERDICTS } from '../vocabulary.ts';

/** What a path can stand for: a type, and the words it can be where they are few. */
export type Field = {
  type: 'text' | 'number' | 'boolean' | 'list' | 'any';
  words?: readonly string[];
  about: string;
};

const text = (about: string, words?: readonly string[]): Field =>
  words === undefined ? { type: 'text', about } : { type: 'text', words, about };
const number = (about: string): Field => ({ type: 'number', about });

/** Of every node. */
const COMMON: Readonly<Record<string, Field>> = {
  state: text('how the node ended', NODE_STATES),
  status: text("the worker's own word, else pass or fail, else the state", [
    ...HANDOFF_STATUSES,
    ...NODE_STATES,
  ]),
  round: number('1, and one more each time it was taken back'),
  attempts: number('attempts of this round'),
  'cost.usd': number('USD; unknown without a price'),
  'cost.tokens': number('tokens as budgets count them'),
  elapsed_seconds: number('seconds of the last attempt'),
};

const TESTS: Readonly<Record<string, Field>> = {
  'tests.passed': number('tests we ran ourselves'),
  'tests.failed': number('tests we ran ourselves'),
  'tests.skipped': number('tests we ran ourselves'),
  'tests.total': number('tests we ran ourselves'),
};

/** What is published by this very name, and not by one that every object has. */
export function fieldNamed(
  name: string,
  published: Readonly<Record<string, Field>>,
): Field | undefined {
  return Object.hasOwn(published, name) ? published[name] : undefined;
}

/** The published vocabulary: what can be asked of a node, by its kind. */
export const NODE_FIELDS: Readonly<Record<NodeKind, Readonly<Record<string, Field>>>> = {
  agent: {
    ...COMMON,
    ...TESTS,
    verdict: text('our verdict on the run', VERDICTS),
    risk: number('0 to 1, of our verdict'),
    'changes.files': number('files the run changed'),
    blocking_count: number('entries of blocking_issues in the handoff'),
    ...Object.fromEntries(
      [...SEVERITIES, 'total'].map((name) => [
        `findings.${name}`,
        number('findings in the handoff'),
      ]),
    ),
    'failure.class': text('why the run failed'),
    profile: text('profile that was used'),
    model: text('model that was used'),
  },
  command: { ...COMMON, ...TESTS, exit_code: number('exit code') },
  gate: { ...COMMON, passed: { type: 'boolean', about: 'whether its conditions held' } },
  approval: {
    ...COMMON,
    decision: text('what was decided', ['approved', 'rejected']),
    comment: text('what was said with it'),
  },
  workflow: COMMON,
};

/** Of a node with `for_each` or `matrix`; its other fields are lists, one entry per task. */
export const FAN_FIELDS: Readonly<Record<string, Field>> = {
  total: number('tasks'),
  succeeded: number('tasks that succeeded'),
  failed: number('tasks that failed'),
};

/** Of the workflow as a whole. */
export const GLOBAL_FIELDS: Readonly<Record<string, Field>> = {
  'cost.usd': number('USD so far; a lower bound where a price is unknown'),
  'cost.tokens': number('tokens so far'),
  'workflow.round': number('1, and one more for each retry by a gate'),
  'workflow.runs': number('worker runs so far'),
  'workflow.elapsed_seconds': number('seconds since it was started'),
};

/** First words of paths that are no nodes, and words of the grammar: no node may be called so. */
export const RESERVED: readonly string[] = [
  'handoff',
  'cost',
  'workflow',
  'and',
  'or',
  'not',
  'in',
  'true',
  'false',
  'null',
];
