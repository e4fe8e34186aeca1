import type { Plan, PlanNode } from '../plan.ts';
import type { NodeRecord } from './instance.ts';

/** `review`, or `review[3]` for the fourth task of a node with several. */
export function taskId({ id, expansion }: PlanNode, task: number): string {
  return expansion === null ? id : `${id}[${task}]`;
}

/** The task a task id means: the fourth, 3, of `review[3]`; the only one, 0, of `review`. */
export function taskAt(id: string): number {
  return Number(/\[(\d+)\]$/.exec(id)?.[1] ?? 0);
}

export function keyOf(workflowId: string, node: PlanNode, at: NodeRecord, task: number): string {
  const attempt = at.tasks[task]?.tries ?? 0;
  return `${workflowId}/${taskId(node, task)}/${at.round}.${attempt}`;
}

const INDICES = new WeakMap<Plan, ReadonlyMap<string, number>>();

export function indexOf(plan: Plan, id: string): number | undefined {
  let indices = INDICES.get(plan);
  if (indices === undefined) {
    indices = new Map(plan.nodes.map((node) => [node.id, node.index]));
    INDICES.set(plan, indices);
  }
  return indices.get(id);
}

/** The node a key belongs to. A key of a delegated run begins with that of the attempt. */
export function nodeOfKey(plan: Plan, key: string): number | undefined {
  const [, task = ''] = key.split('/', 2);
  return indexOf(plan, task.replace(/\[.*$/, ''));
}
