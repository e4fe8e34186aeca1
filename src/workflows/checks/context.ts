import type { RawNode } from '../format/nodes.ts';
import type { Path } from '../format/problems.ts';
import type { Shape } from '../format/shape.ts';
import type { Source } from '../format/source.ts';
import { Ancestors, type Graph, graphOf } from './graph.ts';

/** What every check looks at, and where it tells what it finds. */
export type Checking = {
  source: Source;
  shape: Shape;
  graph: Graph;
  ancestors: Ancestors;
};

/** The graph of a file, as far as its edges name nodes that exist. */
export function checkingOf(source: Source, shape: Shape): Checking {
  const ids = [...shape.nodes.keys()];
  const indexOf = new Map(ids.map((id, index) => [id, index]));
  const edges: [number, number][] = [];
  const handlers = new Map<number, number>();
  for (const [id, node] of shape.nodes) {
    const handler = indexOf.get(handlerOf(node) ?? '');
    const from = indexOf.get(id);
    if (from !== undefined && handler !== undefined) handlers.set(from, handler);
  }
  for (const [id, node] of shape.nodes) {
    const to = indexOf.get(id) ?? -1;
    const from = new Set<number>();
    for (const need of needsOf(node)) {
      const index = indexOf.get(need);
      if (index === undefined) continue;
      from.add(index);
      const handler = handlers.get(index);
      if (handler !== undefined && handler !== to) from.add(handler);
    }
    for (const [failing, handler] of handlers) if (handler === to) from.add(failing);
    for (const index of from) edges.push([index, to]);
  }
  const graph = graphOf(ids, edges);
  return { source, shape, graph, ancestors: new Ancestors(graph) };
}

export function needsOf({ needs }: RawNode): readonly string[] {
  if (needs === undefined) return [];
  return typeof needs === 'string' ? [needs] : needs;
}

/** Where the `index`th need stands: a single one may be written without a list. */
export function needPath(id: string, { needs }: RawNode, index: number): Path {
  return typeof needs === 'string' ? ['nodes', id, 'needs'] : ['nodes', id, 'needs', index];
}

export function handlerOf({ on_failure }: RawNode): string | undefined {
  return typeof on_failure === 'object' ? on_failure.run : undefined;
}
