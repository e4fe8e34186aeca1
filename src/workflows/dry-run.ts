import { batchesOf, type Graph, graphOf } from './checks/graph.ts';
import type { AgentNode, Plan, PlanNode } from './plan.ts';

/** What a run may use when neither its node nor its role says it: the user's policy. */
export type RunDefaults = { wall_seconds: number; max_usd?: number; max_tokens?: number };

/** What a workflow would do, without anything being started. */
export type DryRun = {
  /** Nodes that could run side by side, batch after batch. */
  batches: string[][];
  fan_in: Record<string, number>;
  fan_out: Record<string, number>;
  /** Runs of workers when nothing is done twice, and with all retries and rounds. */
  runs: { once: number; at_most: number };
  /** The way that takes longest when every run uses all its time. */
  longest: { nodes: string[]; seconds: number };
  ceiling: Ceiling;
};

/** What it can cost at most. Null: something has no cap. */
export type Ceiling = {
  /** The workflow's own budget, which always holds. */
  budget: Plan['budget'];
  once: { usd: number | null; tokens: number | null };
  at_most: { usd: number | null; tokens: number | null };
  /** Nodes whose runs have no cap on USD. */
  uncapped: string[];
};

/** Neighbours that are worth telling: a node that only passes on has one. */
const MANY = 2;

export function dryRun(plan: Plan, defaults: RunDefaults): DryRun {
  const graph = graphOfPlan(plan);
  const name = (index: number) => plan.nodes[index]?.id ?? '';
  const degree = (count: (node: PlanNode) => number) =>
    Object.fromEntries(
      plan.nodes.filter((node) => count(node) >= MANY).map((node) => [node.id, count(node)]),
    );
  return {
    batches: batchesOf(graph).map((batch) => batch.map(name)),
    fan_in: degree(({ needs }) => needs.length),
    fan_out: degree(({ dependents }) => dependents.length),
    runs: runsOf(plan),
    longest: longestOf(plan, graph, defaults),
    ceiling: ceilingOf(plan, defaults),
  };
}

/** The order of things, with the nodes that handle a failure after those they are for. */
function graphOfPlan({ nodes }: Plan): Graph {
  const edges = nodes.flatMap(({ index, needs, handles }) => {
    const handlers = needs.flatMap((need) => nodes[need]?.handler ?? []);
    const before = new Set([...needs, ...handlers, ...(handles === null ? [] : [handles])]);
    return [...before].map((from): [number, number] => [from, index]);
  });
  return graphOf(
    nodes.map(({ id }) => id),
    edges,
  );
}

/** How many tasks a node becomes at most. */
export function tasksOf({ expansion }: PlanNode): number {
  if (expansion === null) return 1;
  return expansion.kind === 'matrix' ? expansion.combinations.length : expansion.max;
}

/** How often the runs of a node can come up, all retries and rounds counted. */
function timesOf(plan: Plan, node: PlanNode): number {
  return tasksOf(node) * (node.retry.max_retries + 1) * roundsOf(plan);
}

function runsOf(plan: Plan): DryRun['runs'] {
  let [once, atMost] = [0, 0];
  for (const node of plan.nodes) {
    if (node.kind !== 'agent' && node.kind !== 'workflow') continue;
    const inner = node.kind === 'workflow' ? runsOf(node.plan) : { once: 1, at_most: 1 };
    once += inner.once * tasksOf(node);
    atMost += inner.at_most * timesOf(plan, node);
  }
  return { once, at_most: Math.min(atMost, plan.budget.max_runs ?? atMost) };
}

/** Rounds at most: what the gates may ask for together, within the loop guard. */
function roundsOf({ nodes, loop_guard }: Plan): number {
  const retries = nodes.map((node) =>
    node.kind === 'gate' ? (node.on_fail?.max_retries ?? 0) : 0,
  );
  return Math.min(
    retries.reduce((sum, count) => sum + count, 1),
    loop_guard,
  );
}

function longestOf(plan: Plan, { before, order }: Graph, defaults: RunDefaults): DryRun['longest'] {
  const total: number[] = [];
  const from: (number | undefined)[] = [];
  let last: number | undefined;
  for (const index of order) {
    const best = largest(before[index] ?? [], total);
    const node = plan.nodes[index];
    from[index] = best;
    total[index] =
      (best === undefined ? 0 : (total[best] ?? 0)) + (node ? secondsOf(node, defaults) : 0);
    if (last === undefined || (total[index] ?? 0) > (total[last] ?? 0)) last = index;
  }
  const nodes: string[] = [];
  const seconds = last === undefined ? 0 : (total[last] ?? 0);
  for (; last !== undefined; last = from[last]) nodes.unshift(plan.nodes[last]?.id ?? '');
  return { nodes, seconds };
}

function largest(indices: readonly number[], values: readonly number[]): number | undefined {
  let best: number | undefined;
  for (const index of indices) {
    if (best === undefined || (values[index] ?? 0) > (values[best] ?? 0)) best = index;
  }
  return best;
}

/** A gate takes no time, and how long a person or a command without a limit takes nobody knows. */
function secondsOf(node: PlanNode, defaults: RunDefaults): number {
  if (node.kind === 'workflow') {
    return node.timeout_seconds ?? longestOf(node.plan, graphOfPlan(node.plan), defaults).seconds;
  }
  const own = node.kind === 'agent' ? (node.budget.wall_seconds ?? defaults.wall_seconds) : 0;
  return node.timeout_seconds ?? own;
}

function ceilingOf(plan: Plan, defaults: RunDefaults): Ceiling {
  const sum = { once: { usd: 0, tokens: 0 }, at_most: { usd: 0, tokens: 0 } };
  const uncapped = { usd: [] as string[], tokens: [] as string[] };
  for (const { node, times, tasks } of agentsOf(plan)) {
    const caps = {
      usd: node.budget.max_usd ?? defaults.max_usd,
      tokens: node.budget.max_tokens ?? defaults.max_tokens,
    };
    for (const unit of ['usd', 'tokens'] as const) {
      const cap = caps[unit];
      if (cap === undefined) uncapped[unit].push(node.id);
      sum.once[unit] += (cap ?? 0) * tasks;
      sum.at_most[unit] += (cap ?? 0) * times;
    }
  }
  const { max_usd, max_tokens } = plan.budget;
  const known = (unit: 'usd' | 'tokens', value: number, cap: number | undefined) =>
    uncapped[unit].length > 0 ? (cap ?? null) : Math.min(rounded(value), cap ?? value);
  const both = (amount: { usd: number; tokens: number }) => ({
    usd: known('usd', amount.usd, max_usd),
    tokens: known('tokens', amount.tokens, max_tokens),
  });
  return {
    budget: plan.budget,
    once: both(sum.once),
    at_most: both(sum.at_most),
    uncapped: uncapped.usd,
  };
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** Every worker node, also of the files a workflow uses, and how often its runs can come up. */
export function agentsOf(plan: Plan): { node: AgentNode; tasks: number; times: number }[] {
  return plan.nodes.flatMap((node) => {
    const [tasks, times] = [tasksOf(node), timesOf(plan, node)];
    if (node.kind === 'agent') return [{ node, tasks, times }];
    if (node.kind !== 'workflow') return [];
    return agentsOf(node.plan).map((inner) => ({
      node: inner.node,
      tasks: inner.tasks * tasks,
      times: inner.times * times,
    }));
  });
}
