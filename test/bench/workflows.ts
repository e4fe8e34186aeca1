import { newInstance } from '../../src/workflows/core/new-instance.ts';
import { reduce } from '../../src/workflows/core/reduce.ts';
import { loadWorkflow } from '../../src/workflows/load.ts';
import type { Plan } from '../../src/workflows/plan.ts';
import { alone, type BenchContext, type Benchmark, inTurns, type Measurement } from './harness.ts';
import { withLab } from './with-lab.ts';
import { mockRun } from './workflow-runs.ts';

const LARGE = 1000;
const SMALL = 100;

export const workflows: Benchmark = {
  name: 'workflows',
  about: 'checking and scheduling workflows of 100 and 1,000 nodes',
  run: async (context) => {
    const [large, wide] = [layered(LARGE), wideAndJoined(SMALL)];
    const validate = (text: string) => async () => {
      const { plan, ms } = await validated(text);
      if (plan === undefined) throw new Error('the benchmark workflow is not valid');
      return ms;
    };
    const [big, small] = [await planOf(large), await planOf(layered(SMALL))];
    const perNode = await inTurns(
      context,
      async () => run(big) / LARGE,
      // Ten times, so that both sides measure about as long.
      async () => mean(Array.from({ length: 10 }, () => run(small) / SMALL)),
    );
    const noOps = await planOf(gatesOnly(SMALL));
    return [
      {
        name: 'validate 1,000 nodes',
        unit: 'ms',
        ours: await alone(context, validate(large)),
        goal: { ours: 100 },
      },
      {
        name: 'validate 100 side by side',
        unit: 'ms',
        ours: await alone(context, validate(wide)),
        goal: { ours: 100 },
      },
      {
        name: 'scheduling per node, 1,000 against 100 nodes',
        unit: 'ms',
        ours: perNode.ours,
        reference: perNode.reference,
        goal: { ratio: 1.5 },
      },
      {
        name: 'a workflow of 100 no-op nodes',
        unit: 'ms',
        ours: await alone(context, async () => run(noOps)),
        goal: { ours: 150 },
      },
      ...(await withJournal(context, big, small)),
    ];
  },
};

/** The same with everything around the core: a process, a journal that is synced, a state file. */
async function withJournal(context: BenchContext, big: Plan, small: Plan): Promise<Measurement[]> {
  return withLab([], async (lab) => {
    const runs = await inTurns(
      context,
      () => mockRun(lab, big),
      () => mockRun(lab, small),
    );
    return [
      {
        name: 'a mock run per node with its journal, 1,000 against 100 nodes',
        unit: 'ms',
        ours: runs.ours.map(({ journal }) => journal / LARGE),
        reference: runs.reference.map(({ journal }) => journal / SMALL),
        goal: { ratio: 1.5 },
      },
      {
        name: 'a mock run of 100 nodes, first to last line of its journal',
        unit: 'ms',
        ours: runs.reference.map(({ journal }) => journal),
        goal: { ours: 150 },
      },
      {
        name: 'a mock run of 100 nodes, from the call to its end',
        unit: 'ms',
        ours: runs.reference.map(({ all }) => all),
      },
    ];
  });
}

async function validated(text: string): Promise<{ plan: Plan | undefined; ms: number }> {
  const start = performance.now();
  const { plan } = await loadWorkflow('bench.yaml', text);
  return { plan, ms: performance.now() - start };
}

async function planOf(text: string): Promise<Plan> {
  const { plan } = await validated(text);
  if (plan === undefined) throw new Error('the benchmark workflow is not valid');
  return plan;
}

/** Milliseconds from the first event to the last, every effect answered at once. */
function run(plan: Plan): number {
  const time = '2026-11-21T10:00:00.000Z';
  let instance = newInstance(plan, { workflow_id: 'wf', task: 'bench', time });
  const begin = performance.now();
  const todo: string[] = [];
  const happen = (event: Parameters<typeof reduce>[2]) => {
    const step = reduce(plan, instance, event);
    instance = step.instance;
    for (const effect of step.effects) if (effect.type === 'run_command') todo.push(effect.key);
  };
  happen({ type: 'started', time });
  for (let key = todo.pop(); key !== undefined; key = todo.pop()) {
    happen({ type: 'command_ended', key, exit_code: 0, elapsed_ms: 1, time });
  }
  if (instance.state !== 'succeeded') throw new Error(`it ended ${instance.state}`);
  return performance.now() - begin;
}

/** Layers of ten, each node waiting for two of the layer before. */
function layered(count: number): string {
  const nodes = Array.from({ length: count }, (_, index) => {
    const layer = Math.floor(index / 10) * 10;
    const needs = layer === 0 ? [] : [index - 10, layer - 10 + ((index + 3) % 10)];
    return node(index, needs);
  });
  return file(nodes);
}

function wideAndJoined(count: number): string {
  const nodes = Array.from({ length: count }, (_, index) => node(index, []));
  const all = Array.from({ length: count }, (_, index) => index);
  return file([...nodes, node(count, all)]);
}

function gatesOnly(count: number): string {
  const nodes = Array.from({ length: count }, (_, index) => {
    const needs = index === 0 ? '[]' : `[n${index - 1}]`;
    return `  n${index}: { type: gate, needs: ${needs}, pass_when: 'workflow.round == 1' }`;
  });
  return file(nodes);
}

function node(index: number, needs: readonly number[]): string {
  const list = [...new Set(needs)].map((need) => `n${need}`).join(', ');
  return `  n${index}:\n    type: command\n    command: [npm, test]\n    needs: [${list}]\n    timeout_seconds: 600`;
}

function file(nodes: readonly string[]): string {
  return ['schema_version: 1', 'id: bench', 'nodes:', ...nodes, ''].join('\n');
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
