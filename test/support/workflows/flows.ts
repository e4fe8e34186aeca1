import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf } from '../../../src/proc/identity.ts';
import { findByCookie } from '../../../src/proc/tree.ts';
import type { WorkflowEvent } from '../../../src/workflows/core/events.ts';
import type { NodeRecord, Result } from '../../../src/workflows/core/instance.ts';
import { askWorkflow, type WorkflowAsk } from '../../../src/workflows/instances/ask.ts';
import { ensureWorkflowSupervised } from '../../../src/workflows/instances/ensure.ts';
import { findWorkflow } from '../../../src/workflows/instances/find.ts';
import { readJournal } from '../../../src/workflows/instances/journal.ts';
import { launchWorkflow, type WorkflowRequest } from '../../../src/workflows/instances/launch.ts';
import { readWorkflow, type WorkflowNow } from '../../../src/workflows/instances/read.ts';
import { WORKFLOW_COOKIE } from '../../../src/workflows/instances/start-supervisor.ts';
import { loadWorkflow } from '../../../src/workflows/load.ts';
import type { Plan } from '../../../src/workflows/plan.ts';
import { loadWorkflowFile } from '../../../src/workflows/read-file.ts';
import { isOver } from '../../../src/workflows/vocabulary.ts';
import { type Lab, REPOSITORY } from '../lab.ts';
import { cast, type Persona } from './actor.ts';

export const EXAMPLES = join(REPOSITORY, 'examples/workflows');

type Cast = Readonly<Record<string, Persona>>;
type Wanted = Partial<Omit<WorkflowRequest, 'plan' | 'sources' | 'task'>>;

/** Workflows with real workers in the project of a lab. */
export class Flows {
  readonly #lab: Lab;
  readonly ids: string[] = [];

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** An example of the package, by its name. */
  async example(name: string, personas: Cast, task: string): Promise<string> {
    const { plan, problems } = await loadWorkflowFile(
      { root: REPOSITORY, cwd: EXAMPLES },
      `${name}.yaml`,
    );
    if (plan === undefined) throw new Error(JSON.stringify(problems, null, 1));
    return this.#launch(plan, personas, task);
  }

  /** Without personas: those it had when it was started before. */
  async text(text: string, personas?: Cast, wanted: Wanted = {}): Promise<string> {
    const { plan, problems } = await loadWorkflow('flow.yaml', text);
    if (plan === undefined) throw new Error(JSON.stringify(problems, null, 1));
    return this.#launch(plan, personas, 'the task', wanted);
  }

  /** The actors of a file that somebody else starts. */
  async cast(text: string, personas: Cast): Promise<void> {
    const { plan } = await loadWorkflow('flow.yaml', text);
    if (plan !== undefined) this.#add(plan, personas);
  }

  #add(plan: Plan, personas: Cast): void {
    const known = new Set(this.#lab.model.scripts.map(({ name }) => name));
    for (const script of castOf(plan, personas)) {
      if (!known.has(script.name)) this.#lab.model.addScript(script);
    }
  }

  async #launch(
    plan: Plan,
    personas: Cast | undefined,
    task: string,
    wanted: Wanted = {},
  ): Promise<string> {
    this.#add(plan, personas ?? {});
    const request = { sources: [''], mock: false, ...wanted, plan, task };
    const { record } = await launchWorkflow(this.#lab.host(), this.#lab.place(), request);
    this.ids.push(record.workflow_id);
    return record.workflow_id;
  }

  find(id: string) {
    return findWorkflow(this.#lab.host(), this.#lab.place(), id);
  }

  now(id: string): Promise<WorkflowNow> {
    return readWorkflow(this.#lab.place().workspace, id);
  }

  async node(id: string, node: string): Promise<NodeRecord> {
    const found = (await this.now(id)).instance.nodes.find((one) => one.id === node);
    if (found === undefined) throw new Error(`there is no node ${node}`);
    return found;
  }

  /** What the only task of a node brought. */
  async result(id: string, node: string): Promise<Result> {
    return (await this.node(id, node)).tasks[0]?.result ?? {};
  }

  async events(id: string): Promise<WorkflowEvent[]> {
    const { paths } = await this.find(id);
    return readJournal(paths.journal, undefined).lines.flatMap(({ event }) => event ?? []);
  }

  /** As it was written at the end. */
  async report(id: string): Promise<string> {
    return readFileSync((await this.find(id)).paths.report, 'utf8');
  }

  async ask(id: string, asked: WorkflowAsk) {
    return askWorkflow(this.#lab.host(), await this.find(id), asked, { from: 'test' });
  }

  /** Until it is over and its supervisor has left, or waits for a person. Looks as a reader does. */
  async atRest(id: string, timeoutMs = 100_000): Promise<WorkflowNow> {
    const rest = await this.#lab.until(
      async () => {
        const now = await this.now(id);
        await ensureWorkflowSupervised(this.#lab.host(), now);
        const { state } = now.instance;
        if (state === 'waiting_approval') return now;
        return isOver(state) && now.record.end && this.supervisors(id).length === 0
          ? now
          : undefined;
      },
      `${id} to come to rest`,
      timeoutMs,
    );
    await this.noteRuns(id);
    return rest;
  }

  supervisors(id: string) {
    return findByCookie(WORKFLOW_COOKIE, id).filter(({ pid }) => identityOf(pid) !== undefined);
  }

  /** So that the lab finds what is left of them. */
  async noteRuns(id: string): Promise<string[]> {
    const events = await this.events(id);
    const runs = events.flatMap((event) => ('run_id' in event ? [event.run_id] : []));
    for (const run of new Set(runs)) {
      if (run.startsWith('run_') && !this.#lab.runs.includes(run)) this.#lab.runs.push(run);
    }
    return [...new Set(runs)];
  }

  /** How often the model was asked for a first answer, by node: conversations that were begun. */
  conversations(plan: string): Record<string, number> {
    const begun = new Map<string, Set<string>>();
    for (const { script = '', conversation = '', kind } of this.#lab.model.requests) {
      if (kind !== 'model' || !script.startsWith(`${plan}.`)) continue;
      const node = script.slice(plan.length + 1);
      begun.set(node, (begun.get(node) ?? new Set()).add(conversation));
    }
    return Object.fromEntries([...begun].map(([node, set]) => [node, set.size]));
  }
}

/** Of the plan and of those it uses; personas of nodes inside are named `<node>/<node inside>`. */
function castOf(plan: Plan, personas: Cast): ReturnType<typeof cast> {
  const own = Object.entries(personas).filter(([id]) => !id.includes('/'));
  const inside = plan.nodes.flatMap((node) => {
    if (node.kind !== 'workflow') return [];
    const theirs = Object.entries(personas)
      .filter(([id]) => id.startsWith(`${node.id}/`))
      .map(([id, persona]) => [id.slice(node.id.length + 1), persona]);
    return castOf(node.plan, Object.fromEntries(theirs));
  });
  return [...cast(plan, Object.fromEntries(own)), ...inside];
}
