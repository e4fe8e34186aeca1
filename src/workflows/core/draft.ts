import type { Plan, PlanNode } from '../plan.ts';
import { nodeAt } from '../plan.ts';
import { isSettled, type NodeState, type Reason, type ReasonCode } from '../vocabulary.ts';
import type { Effect } from './effects.ts';
import type { Attempt, Instance, NodeRecord, TaskRecord } from './instance.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export type MutableTask = Mutable<TaskRecord>;
export type MutableNode = Omit<Mutable<NodeRecord>, 'tasks' | 'attempts'> & {
  tasks: TaskRecord[];
  attempts: Attempt[];
};

/**
 * An instance while one event is worked in. What is changed is copied first, and nothing else: the
 * cost of an event does not grow with what it does not touch.
 */
export class Draft {
  readonly plan: Plan;
  readonly time: string;
  readonly now: number;
  readonly effects: Effect[] = [];
  readonly instance: Mutable<Instance>;
  readonly #owned = new WeakSet<object>();
  readonly #dirty = new Set<number>();
  #nodes: NodeRecord[] | undefined;
  #ready: (readonly [number, number])[] | undefined;

  constructor(plan: Plan, instance: Instance, time: string) {
    this.plan = plan;
    this.time = time;
    this.now = Date.parse(time);
    this.instance = { ...instance, updated: time };
  }

  planOf(index: number): PlanNode {
    return nodeAt(this.plan, index);
  }

  /** For reading. */
  peek(index: number): NodeRecord {
    const node = this.instance.nodes[index];
    if (node === undefined) throw new RangeError(`no node ${index}`);
    return node;
  }

  /** For writing. */
  node(index: number): MutableNode {
    const node = this.peek(index);
    if (this.#owned.has(node)) return node as MutableNode;
    const copy: MutableNode = {
      ...node,
      tasks: [...node.tasks],
      attempts: [...node.attempts],
    };
    this.#owned.add(copy);
    if (this.#nodes === undefined) {
      this.#nodes = [...this.instance.nodes];
      this.instance.nodes = this.#nodes;
    }
    this.#nodes[index] = copy;
    return copy;
  }

  /** A task for writing. */
  task(index: number, task: number): MutableTask {
    const { tasks } = this.node(index);
    const record = tasks[task];
    if (record === undefined) throw new RangeError(`no task ${task} of node ${index}`);
    if (this.#owned.has(record)) return record;
    const copy = { ...record };
    this.#owned.add(copy);
    tasks[task] = copy;
    return copy;
  }

  /** An attempt for writing. */
  attempt(index: number, key: string): Mutable<Attempt> | undefined {
    const { attempts } = this.node(index);
    const at = attempts.findIndex((attempt) => attempt.key === key);
    const record = attempts[at];
    if (record === undefined || this.#owned.has(record)) return record;
    const copy = { ...record };
    this.#owned.add(copy);
    attempts[at] = copy;
    return copy;
  }

  get ready(): (readonly [number, number])[] {
    if (this.#ready === undefined) {
      this.#ready = [...this.instance.ready];
      this.instance.ready = this.#ready;
    }
    return this.#ready;
  }

  setReady(ready: (readonly [number, number])[]): void {
    this.#ready = ready;
    this.instance.ready = ready;
  }

  /** Puts a node into a state and keeps count of those that are not settled. */
  set(index: number, state: NodeState, reason: Reason | null): void {
    const node = this.node(index);
    const [was, is] = [isSettled(node.state), isSettled(state)];
    if (was !== is) this.instance.open += is ? -1 : 1;
    node.state = state;
    node.reason = reason;
    node.since = this.time;
  }

  emit(effect: Effect): void {
    this.effects.push(effect);
  }

  /** The node is looked at again before the event is through. */
  reconsider(index: number): void {
    this.#dirty.add(index);
  }

  get isDirty(): boolean {
    return this.#dirty.size > 0;
  }

  nextDirty(): number | undefined {
    for (const index of this.#dirty) {
      this.#dirty.delete(index);
      return index;
    }
    return undefined;
  }
}

export function because(code: ReasonCode, text: string): Reason {
  return { code, text };
}
