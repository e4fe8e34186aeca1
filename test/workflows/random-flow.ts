import { stringify } from 'yaml';
import type { Random } from '../support/random.ts';

export type FlowOptions = { gates: boolean; budget: boolean };

/** A random valid workflow: a graph with all kinds of nodes and ways to fail. */
export function randomFlow(random: Random, { gates, budget }: FlowOptions): string {
  const count = random.between(2, 14);
  const ids = Array.from({ length: count }, (_, index) => `n${index}`);
  const nodes: Record<string, object> = {};
  const handlers: [string, string][] = [];
  const above = new Map<string, Set<string>>();
  ids.forEach((id, index) => {
    const needs = ids.slice(0, index).filter(() => random.chance(2 / (index + 1)));
    const upstream = new Set(needs.flatMap((need) => [need, ...(above.get(need) ?? [])]));
    above.set(id, upstream);
    const node: Record<string, unknown> = { needs, ...kindOf(random, [...upstream], gates) };
    if (random.chance(0.15) && needs[0] !== undefined)
      node.when = `${needs[0]}.state == "succeeded"`;
    if (random.chance(0.3)) node.on_failure = random.pick(['continue', 'skip_dependents', 'fail']);
    else if (random.chance(0.1) && node.type !== 'gate') handlers.push([id, `h${index}`]);
    nodes[id] = node;
  });
  for (const [id, handler] of handlers) {
    nodes[id] = { ...nodes[id], on_failure: { run: handler } };
    nodes[handler] = { type: 'command', command: ['true'] };
  }
  return stringify({
    schema_version: 1,
    id: 'random',
    max_concurrent: random.between(1, 4),
    loop_guard: random.between(1, 6),
    ...(budget ? { budget: { max_usd: random.between(1, 40) / 10, max_tokens: 100_000 } } : {}),
    nodes,
  });
}

function kindOf(random: Random, upstream: string[], gates: boolean): Record<string, unknown> {
  const retry = { max_retries: random.between(0, 2), backoff_seconds: random.pick([0, 0, 5]) };
  const [first] = upstream;
  const chosen = random.next();
  if (chosen < 0.15) {
    const on_fail = gates && first !== undefined && random.chance(0.8);
    return {
      type: 'gate',
      ...(on_fail
        ? {
            on_fail: {
              retry: random.pick([first, ...upstream]),
              max_retries: random.between(0, 3),
            },
          }
        : {}),
    };
  }
  if (chosen < 0.22) return { type: 'approval', question: 'Go on?' };
  if (chosen < 0.35) return { type: 'command', command: 'true', retry };
  const many = random.chance(0.15) ? { matrix: { os: ['a', 'b', 'c'] } } : {};
  const write = random.chance(0.3)
    ? { allow_write: true, write_scope: { allow: ['src/'] }, role: 'implementation' }
    : { role: random.pick(['review', 'testing', 'documentation']) };
  return { ...write, task: 'do it', retry, ...many };
}
