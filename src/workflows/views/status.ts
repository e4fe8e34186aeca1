import { compact } from '../../core/json.ts';
import { byteLength, oneLine } from '../../core/text.ts';
import type { Instance, NodeRecord } from '../core/instance.ts';
import type { Plan } from '../plan.ts';
import { NODE_STATES } from '../vocabulary.ts';
import { afterBroken, type Broken, type NextCall, nextCall } from './next-call.ts';
import {
  type Cost,
  costOf,
  elapsedSeconds,
  type Failure,
  failuresOf,
  type PartWait,
  type Retrying,
  type Running,
  retryingOf,
  runningOf,
  type Waiting,
  waitsOf,
} from './status-parts.ts';

/** Bytes of a status as JSON, however large the workflow is. */
export const STATUS_BYTES = 4096;

/** How a workflow stands, small enough to be asked for often. Lists are cut and `more` counts the rest. */
export type WorkflowStatus = {
  workflow_id: string;
  workflow: string;
  /** No worker was real. */
  mock?: true;
  /** Of the workflow, or `broken`. */
  state: string;
  reason: string;
  elapsed_s: number;
  round: number;
  /** Nodes by state, and all of them. */
  progress: Record<string, number>;
  running?: Running[];
  /** What waits for a decision. */
  waits?: (Waiting | PartWait)[];
  /** What is tried again later. */
  retrying?: Retrying[];
  failures?: Failure[];
  /** Ids by state; with `since` only of what has changed. */
  nodes: Record<string, string[]>;
  /** How many entries lists leave out, e.g. `nodes.pending`. */
  more?: Record<string, number>;
  cost: Cost;
  budget?: Record<string, number>;
  next: NextCall;
  cursor: string;
};

export type StatusFacts = {
  /** Of the last event. */
  seq: number;
  now: Date;
  mock?: boolean;
  /** As it was at an earlier look: then only what changed since is listed. */
  before?: Instance | undefined;
  /** What waits for a decision in its parts. */
  parts?: readonly PartWait[];
  /** Nobody can carry it on: nothing of it runs or waits, whatever was seen last. */
  broken?: Broken | undefined;
  /** Bytes that are needed for what is told beside it. */
  reserved?: number;
};

/** From plenty to next to nothing: ids per state, entries per list, characters of a text. */
const SIZES = [
  { ids: 120, entries: 20, chars: 400 },
  { ids: 50, entries: 12, chars: 240 },
  { ids: 25, entries: 8, chars: 160 },
  { ids: 10, entries: 6, chars: 120 },
  { ids: 4, entries: 4, chars: 90 },
  { ids: 2, entries: 3, chars: 60 },
  { ids: 0, entries: 1, chars: 60 },
] as const;
type Size = (typeof SIZES)[number];

export function workflowStatus(plan: Plan, instance: Instance, facts: StatusFacts): WorkflowStatus {
  let status: WorkflowStatus | undefined;
  for (const size of SIZES) {
    status = sized(plan, instance, facts, size);
    const room = STATUS_BYTES - (facts.reserved ?? 0);
    if (byteLength(JSON.stringify(status)) <= room) return status;
  }
  if (status === undefined) throw new RangeError('no size');
  return status;
}

function sized(plan: Plan, instance: Instance, facts: StatusFacts, size: Size): WorkflowStatus {
  const { nodes, round, limits } = instance;
  const { now, before, mock, broken, parts = [] } = facts;
  const cursor = String(facts.seq);
  const more: Record<string, number> = {};
  const cut = <T>(name: string, list: readonly T[], most: number): T[] => {
    if (list.length > most) more[name] = list.length - most;
    return list.slice(0, most);
  };
  const listed = <T>(name: string, list: readonly T[]) =>
    list.length === 0 ? undefined : cut(name, list, size.entries);
  const changed = nodes.filter(changedSince(before));
  const next = broken === undefined ? nextCall(plan, instance, cursor, parts) : afterBroken(broken);
  const alive = <T>(list: () => readonly T[]) => (broken === undefined ? list() : []);
  const waits = alive(() => [...waitsOf(plan, nodes), ...parts]).map((one) => ({
    ...one,
    question: oneLine(one.question, size.chars),
  }));
  return compact({
    workflow_id: instance.workflow_id,
    workflow: plan.id,
    mock: mock === true ? (true as const) : undefined,
    state: broken === undefined ? instance.state : 'broken',
    reason: oneLine(broken?.why ?? instance.reason, size.chars),
    elapsed_s: elapsedSeconds(instance, now),
    round,
    progress: { total: nodes.length, ...counts(nodes) },
    running: listed(
      'running',
      alive(() => runningOf(plan, instance, now)),
    ),
    waits: listed('waits', waits),
    retrying: listed(
      'retrying',
      alive(() => retryingOf(plan, nodes, size.chars)),
    ),
    failures: listed('failures', failuresOf(changed, size.chars)),
    nodes: Object.fromEntries(
      NODE_STATES.map((name) => [name, changed.filter((node) => node.state === name)] as const)
        .filter(([, list]) => list.length > 0)
        .map(
          ([name, list]) =>
            [
              name,
              cut(
                `nodes.${name}`,
                list.map(({ id }) => id),
                size.ids,
              ),
            ] as const,
        )
        .filter(([, list]) => list.length > 0),
    ),
    cost: costOf(instance),
    budget: Object.keys(compact({ ...limits })).length === 0 ? undefined : compact({ ...limits }),
    next: withId(next, instance.workflow_id),
    cursor,
    more: Object.keys(more).length === 0 ? undefined : more,
  });
}

function withId(next: NextCall, workflow_id: string): NextCall {
  if (!next.tool.startsWith('cc_workflow_')) return next;
  return { ...next, input: { workflow_id, ...next.input } };
}

/** The number of the last event a cursor had seen; undefined for what is no cursor. */
export function seqOf(cursor: string | undefined): number | undefined {
  return /^\d{1,12}$/.test(cursor ?? '') ? Number(cursor) : undefined;
}

function changedSince(before: Instance | undefined): (node: NodeRecord, index: number) => boolean {
  if (before === undefined) return () => true;
  return (node, index) => {
    const { state, round, reason } = before.nodes[index] ?? {};
    return state !== node.state || round !== node.round || reason?.text !== node.reason?.text;
  };
}

function counts(nodes: readonly NodeRecord[]): Record<string, number> {
  const found = new Map<string, number>();
  for (const { state } of nodes) found.set(state, (found.get(state) ?? 0) + 1);
  return Object.fromEntries(
    NODE_STATES.flatMap((state) => (found.has(state) ? [[state, found.get(state) ?? 0]] : [])),
  );
}
