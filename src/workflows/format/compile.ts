import { compact } from '../../core/json.ts';
import { type Checking, handlerOf, needsOf } from '../checks/context.ts';
import type { Parsed } from '../checks/expressions.ts';
import { isAgent } from '../checks/roles.ts';
import type { Expression, Scalar } from '../expressions/ast.ts';
import { LIMITS } from '../limits.ts';
import type { Expansion, OwnPart, Plan, PlanNode, Retry } from '../plan.ts';
import { agentPart, roleUse } from './compile-agent.ts';
import type { AnyNode, RawNode } from './nodes.ts';
import { onFailureOf } from './on-failure.ts';
import type { Shape } from './shape.ts';

/** Delegation when the file does not say. */
const DELEGATION = { max_runs: 3, depth: 1, share: 0.5 };
const DEFAULT_BACKOFF_SECONDS = 5;

/** The plan of a file without errors. `subPlans` holds the plans of the files it uses, by node. */
export function compile(
  { source, shape, graph }: Checking,
  parsed: Parsed,
  subPlans: ReadonlyMap<string, Plan>,
): Plan {
  const indexOf = (id: string) => graph.indexOf.get(id) ?? -1;
  const entries = [...shape.nodes];
  const needs = entries.map(([, node]) => [...new Set(needsOf(node))].map(indexOf));
  const dependents: number[][] = entries.map(() => []);
  needs.forEach((list, index) => {
    for (const need of list) dependents[need]?.push(index);
  });
  const handles = new Map<number, number>();
  entries.forEach(([, node], index) => {
    const handler = handlerOf(node);
    if (handler !== undefined) handles.set(indexOf(handler), index);
  });
  const nodes = entries.map(([id, raw], index): PlanNode => {
    const node = raw as AnyNode;
    const onFailure = onFailureOf(raw, shape);
    const verifiers = shape.verify_before?.[id] ?? [];
    const common = {
      id,
      index,
      description: raw.description ?? null,
      needs: needs[index] ?? [],
      dependents: dependents[index] ?? [],
      when: parsed.get(`nodes/${id}/when`) ?? null,
      when_text: raw.when ?? null,
      on_failure: typeof onFailure === 'object' ? ('run' as const) : onFailure,
      handler: typeof onFailure === 'object' ? indexOf(onFailure.run) : null,
      handles: handles.get(index) ?? null,
      verifiers: (typeof verifiers === 'string' ? [verifiers] : verifiers).map(indexOf),
      timeout_seconds: timeoutOf(raw, shape),
      retry: retryOf(node.retry ?? shape.defaults?.retry),
      expansion: expansionOf(node, parsed.get(`nodes/${id}/for_each`)),
    };
    return { ...common, ...partOf(raw, { id, shape, parsed, indexOf, subPlans }) } as PlanNode;
  });
  return {
    schema_version: 1,
    id: shape.id ?? 'workflow',
    description: shape.description ?? null,
    file: source.file,
    max_concurrent: shape.max_concurrent ?? LIMITS.defaultConcurrent,
    profile_limits: shape.profile_limits ?? {},
    loop_guard: shape.loop_guard ?? LIMITS.defaultLoopGuard,
    timeout_seconds: shape.timeout_seconds ?? null,
    budget: compact(shape.budget ?? {}),
    delegation: (shape.delegate ?? []).map(({ from, to, ...rest }) => ({
      from,
      to: roleUse(to, shape),
      ...DELEGATION,
      ...compact(rest),
    })),
    nodes,
  };
}

type Facts = {
  id: string;
  shape: Shape;
  parsed: Parsed;
  indexOf: (id: string) => number;
  subPlans: ReadonlyMap<string, Plan>;
};

/** What only this kind of node has. */
function partOf(node: RawNode, { id, shape, parsed, indexOf, subPlans }: Facts): OwnPart {
  if (isAgent(node)) return agentPart(node, shape);
  switch (node.type) {
    case 'gate': {
      const texts = node.pass_when ?? [];
      const isOne = typeof texts === 'string';
      const conditions = (isOne ? [texts] : texts).map((text, index) => ({
        text,
        expression: there(parsed.get(`nodes/${id}/pass_when${isOne ? '' : `/${index}`}`)),
      }));
      const { on_fail } = node;
      return {
        kind: 'gate',
        conditions,
        on_fail: on_fail
          ? { target: indexOf(on_fail.retry), max_retries: on_fail.max_retries }
          : null,
      };
    }
    case 'approval':
      return { kind: 'approval', question: node.question };
    case 'command': {
      const { command } = node;
      return {
        kind: 'command',
        command: typeof command === 'string' ? { shell: command } : { argv: command },
        directory: node.directory ?? null,
        isolation: node.isolation ?? shape.defaults?.isolation ?? 'shared',
      };
    }
    case 'workflow': {
      const { uses, task = null } = node;
      return { kind: 'workflow', uses, task, plan: there(subPlans.get(id)) };
    }
  }
}

/** Only a file without errors is compiled, so whatever the checks made is there. */
function there<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('a file with errors was compiled');
  return value;
}

/** Of runs and commands `defaults` says it; a person or another workflow takes the time it takes. */
function timeoutOf(node: RawNode, { defaults }: Shape): number | null {
  const works = isAgent(node) || node.type === 'command';
  return node.timeout_seconds ?? (works ? defaults?.timeout_seconds : undefined) ?? null;
}

function retryOf(retry: AnyNode['retry']): Retry {
  if (retry === undefined || typeof retry === 'number') {
    return { max_retries: retry ?? 0, backoff_seconds: DEFAULT_BACKOFF_SECONDS, on: null };
  }
  return {
    max_retries: retry.max_retries,
    backoff_seconds: retry.backoff_seconds ?? DEFAULT_BACKOFF_SECONDS,
    on: retry.on ?? null,
  };
}

function expansionOf(node: AnyNode, list: Expression | undefined): Expansion | null {
  if (list !== undefined && node.for_each !== undefined) {
    const max = node.max_items ?? LIMITS.defaultItems;
    return { kind: 'for_each', list, text: node.for_each, max };
  }
  if (node.matrix === undefined) return null;
  let combinations: Record<string, Scalar>[] = [{}];
  for (const [key, values] of Object.entries(node.matrix)) {
    combinations = combinations.flatMap((rest) =>
      values.map((value) => ({ ...rest, [key]: value })),
    );
  }
  return { kind: 'matrix', combinations };
}
