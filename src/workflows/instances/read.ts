import * as z from 'zod';
import { isObject } from '../../core/json.ts';
import { readJson } from '../../store/atomic.ts';
import type { Workspace } from '../../workspace/layout.ts';
import type { Instance } from '../core/instance.ts';
import { newInstance } from '../core/new-instance.ts';
import { reduce } from '../core/reduce.ts';
import type { Plan } from '../plan.ts';
import { type JournalLine, readJournal, requireAll, requireNext } from './journal.ts';
import { type WorkflowPaths, workflowPaths } from './paths.ts';
import { readPlan } from './plan-file.ts';
import { type FoundWorkflow, readWorkflowRecord, type WorkflowRecord } from './record.ts';

/** A workflow as it stands right now; all of it may be shown. */
export type WorkflowNow = FoundWorkflow & { plan: Plan; instance: Instance; seq: number };

/** `state.json`: what the journal has come to behind its line `seq`, where `cursor` goes on. */
export const stateFile = z.object({
  schema_version: z.literal(1),
  seq: z.number(),
  cursor: z.string(),
  instance: z.custom<Instance>((value) => isObject(value) && Array.isArray(value.nodes)),
});
export type StateFile = z.infer<typeof stateFile>;

/** What is cached; undefined where that is nothing sound. */
export async function readState({ state }: WorkflowPaths): Promise<StateFile | undefined> {
  return stateFile.safeParse(await readJson(state).catch(() => undefined)).data;
}

export async function readWorkflow(workspace: Workspace, workflowId: string): Promise<WorkflowNow> {
  const paths = workflowPaths(workspace, workflowId);
  const record = await readWorkflowRecord(workspace, workflowId);
  const follower = await InstanceFollower.open(paths, record);
  return { workspace, paths, record, ...follower.now };
}

/**
 * Follows the journal of a workflow: begins with what is cached, if that is sound, and works in what
 * came since. Costs what is new.
 */
export class InstanceFollower {
  readonly #paths: WorkflowPaths;
  readonly #plan: Plan;
  readonly #first: Instance;
  readonly #record: WorkflowRecord;
  #instance: Instance;
  #seq = 0;
  #cursor: string | undefined;

  private constructor(paths: WorkflowPaths, plan: Plan, first: Instance, record: WorkflowRecord) {
    this.#paths = paths;
    this.#record = record;
    this.#plan = plan;
    this.#first = first;
    this.#instance = first;
  }

  static async open(paths: WorkflowPaths, record: WorkflowRecord): Promise<InstanceFollower> {
    const { workflow_id, task, created: time } = record;
    const plan = await readPlan(paths.plan);
    const first = newInstance(plan, { workflow_id, task, time });
    const follower = new InstanceFollower(paths, plan, first, record);
    const cached = await readState(paths);
    if (cached?.instance.workflow_id === workflow_id) follower.#begin(cached);
    follower.read();
    return follower;
  }

  get now(): { plan: Plan; instance: Instance; seq: number } {
    return { plan: this.#plan, instance: this.#instance, seq: this.#seq };
  }

  /** Works in what is new, and answers it. Throws STORAGE_CORRUPT where something is missing. */
  read(): JournalLine[] {
    // Of one that is broken, what is known is as much as there is.
    if (this.#record.broken !== undefined) return [];
    const { journal } = this.#paths;
    const { lines, cursor, reset } = readJournal(journal, this.#cursor);
    if (reset) {
      if (this.#record.end !== undefined) requireAll(journal, lines.at(-1)?.seq ?? 0, this.#seq);
      this.#begin({ seq: 0, instance: this.#first });
    }
    this.#cursor = cursor;
    const fresh = lines.filter(({ seq }) => seq > this.#seq);
    for (const line of fresh) {
      const { seq, event } = line;
      requireNext(journal, line, this.#seq);
      this.#seq = seq;
      if (event !== undefined) this.#instance = reduce(this.#plan, this.#instance, event).instance;
    }
    return fresh;
  }

  #begin({ seq, cursor, instance }: { seq: number; cursor?: string; instance: Instance }): void {
    this.#seq = seq;
    this.#cursor = cursor;
    this.#instance = instance;
  }
}
