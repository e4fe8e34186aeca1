import { expect } from 'vitest';
import type { Effect } from '../../src/workflows/core/effects.ts';
import type { WorkflowEvent } from '../../src/workflows/core/events.ts';
import type { Instance } from '../../src/workflows/core/instance.ts';
import { indexOf } from '../../src/workflows/core/keys.ts';
import { newInstance } from '../../src/workflows/core/new-instance.ts';
import { reduce } from '../../src/workflows/core/reduce.ts';
import { problemLine } from '../../src/workflows/format/problems.ts';
import { handoffTemplate } from '../../src/workflows/handoffs/template.ts';
import { loadWorkflow, type ReadFile } from '../../src/workflows/load.ts';
import { nodeAt, type Plan } from '../../src/workflows/plan.ts';

export const BEGIN = Date.parse('2026-11-21T10:00:00.000Z');

export async function planOf(text: string, readFile?: ReadFile): Promise<Plan> {
  const { plan, problems } = await loadWorkflow('flow.yaml', text, readFile);
  expect(problems.filter(({ level }) => level === 'error').map(problemLine)).toEqual([]);
  if (plan === undefined) throw new Error('no plan');
  return plan;
}

type Ended = Extract<WorkflowEvent, { type: 'run_ended' }>;
export type Answer = Partial<Omit<Ended, 'type' | 'time' | 'key'>> & { handoff?: unknown };

/** An event without its time, which the world gives it. */
type Timeless<E> = E extends { time: string } ? Omit<E, 'time'> : never;
export type Happening = Timeless<WorkflowEvent>;

/**
 * A workflow with nobody behind its effects: tests say what happens. Everything that went in and came
 * out is kept.
 */
export class World {
  readonly plan: Plan;
  readonly first: Instance;
  readonly journal: WorkflowEvent[] = [];
  readonly effects: Effect[] = [];
  instance: Instance;
  now = BEGIN;

  constructor(plan: Plan, task = 'the task') {
    this.plan = plan;
    this.first = newInstance(plan, { workflow_id: 'wf', task, time: this.#time() });
    this.instance = this.first;
  }

  static async of(text: string, readFile?: ReadFile): Promise<World> {
    const world = new World(await planOf(text, readFile));
    world.happen({ type: 'started' });
    return world;
  }

  happen(event: Happening, seconds = 1): Effect[] {
    this.now += seconds * 1000;
    const whole = { ...event, time: this.#time() } as WorkflowEvent;
    const before = JSON.stringify(this.instance);
    const step = reduce(this.plan, this.instance, whole);
    expect(JSON.stringify(this.instance), 'the old instance was changed').toBe(before);
    this.journal.push(whole);
    this.instance = step.instance;
    this.effects.push(...step.effects);
    return [...step.effects];
  }

  /** The newest thing in flight of a node. */
  key(node: string, task = 0): string {
    const attempts = this.node(node).attempts.filter((attempt) => attempt.task === task);
    const last = attempts.at(-1);
    if (last === undefined) throw new Error(`${node} has nothing in flight`);
    return last.key;
  }

  /** The run of a node ends well, unless the answer says otherwise. */
  end(node: string, answer: Answer = {}, task = 0): Effect[] {
    return this.happen(this.ended(this.key(node, task), answer));
  }

  ended(key: string, answer: Answer = {}): Happening {
    const [, name = ''] = key.split('/');
    const plan = nodeAt(this.plan, indexOf(this.plan, name.replace(/\[.*/, '')) ?? -1);
    const good =
      plan.kind === 'agent' ? handoffTemplate(plan.use.role, plan.outputs).example : undefined;
    return {
      type: 'run_ended',
      key,
      run_id: `run-${key}`,
      state: 'succeeded',
      failure: { class: 'success', text: 'done' },
      usage: { usd: 0.01, tokens: 100, elapsed_ms: 1000 },
      handoff: good,
      ...answer,
    };
  }

  fails(node: string, text = 'it broke', task = 0): Effect[] {
    const failure = { class: 'crashed', text } as const;
    return this.end(node, { state: 'failed', failure, handoff: undefined }, task);
  }

  says(node: string, more: object, task = 0): Effect[] {
    const key = this.key(node, task);
    const { handoff } = this.ended(key) as { handoff: object };
    return this.end(node, { handoff: { ...handoff, ...more } }, task);
  }

  verified(node: string, verdict: 'accept' | 'investigate' | 'reject' = 'accept'): Effect[] {
    const key = this.key(node);
    return this.happen({ type: 'run_verified', key, verdict, reasons: [`it is ${verdict}`] });
  }

  node(id: string) {
    const found = this.instance.nodes.find((node) => node.id === id);
    if (found === undefined) throw new Error(`no node ${id}`);
    return found;
  }

  states(): Record<string, string> {
    return Object.fromEntries(this.instance.nodes.map(({ id, state }) => [id, state]));
  }

  /** Task ids of the starts among effects. */
  started(effects: readonly Effect[] = this.effects): string[] {
    return effects.flatMap((effect) =>
      effect.type === 'start_run' ||
      effect.type === 'run_command' ||
      effect.type === 'start_workflow'
        ? [effect.task]
        : [],
    );
  }

  #time(): string {
    return new Date(this.now).toISOString();
  }
}
