import { suggestion } from '../../core/suggestion.ts';
import { type Checking, handlerOf, needPath, needsOf } from './context.ts';
import { cyclesOf } from './graph.ts';

/** Cycles that are told; one is usually the cause of the others. */
const TOLD = 5;

/** Needs name nodes, once each, and never lead back. */
export function checkEdges(checking: Checking): void {
  const { source, shape, graph } = checking;
  for (const [id, node] of shape.nodes) {
    const seen = new Set<string>();
    for (const [index, need] of needsOf(node).entries()) {
      const path = needPath(id, node, index);
      if (!graph.indexOf.has(need)) {
        const message = `there is no node ${JSON.stringify(need.slice(0, 80))}`;
        source.add('missing_dependency', path, message, { fix: suggestion(need, graph.ids) });
      } else if (seen.has(need)) {
        source.add('no_effect', path, `${need} is named twice`, { level: 'warning' });
      }
      seen.add(need);
    }
  }
  checkCycles(checking);
  checkHandlers(checking);
}

function checkCycles({ source, shape, graph }: Checking): void {
  const cycles = cyclesOf(graph);
  for (const cycle of cycles.slice(0, TOLD)) {
    const names = cycle.map((index) => graph.ids[index] ?? '');
    const [first = ''] = names;
    const message = `these wait for each other: ${[...names, first].join(' → ')}`;
    const node = shape.nodes.get(first);
    const index = node === undefined ? -1 : needsOf(node).indexOf(names.at(-1) ?? '');
    const path = node === undefined || index < 0 ? ['nodes', first] : needPath(first, node, index);
    source.add('cycle_detected', path, message);
  }
  const inCycle = new Set(cycles.flat());
  const ordered = new Set(graph.order);
  const behind = graph.ids.filter((_, index) => !ordered.has(index) && !inCycle.has(index));
  for (const id of behind.slice(0, TOLD)) {
    const message = `${id} can never start: it waits for nodes that wait for each other`;
    source.add('unreachable', ['nodes', id], message, { at: 'key', fix: 'Break the cycle.' });
  }
}

/** A node that handles a failure is there for that one alone and needs nothing that comes later. */
function checkHandlers({ source, shape, graph, ancestors }: Checking): void {
  const usedBy = new Map<string, string>();
  for (const [id, node] of shape.nodes) {
    const handler = handlerOf(node);
    if (handler === undefined) continue;
    const path = ['nodes', id, 'on_failure', 'run'];
    const target = shape.nodes.get(handler);
    if (target === undefined) {
      const message = `there is no node ${JSON.stringify(handler.slice(0, 80))}`;
      source.add('invalid_handler', path, message, { fix: suggestion(handler, graph.ids) });
      continue;
    }
    const other = usedBy.get(handler);
    usedBy.set(handler, id);
    const from = graph.indexOf.get(id) ?? -1;
    const late = needsOf(target).find((need) => {
      const index = graph.indexOf.get(need);
      return need !== id && index !== undefined && !ancestors.has(from, index);
    });
    if (handler === id) source.add('invalid_handler', path, 'a node cannot handle its own failure');
    else if (other !== undefined) {
      source.add('invalid_handler', path, `${handler} handles the failure of ${other} already`);
    } else if (target.type === 'gate' && !shape.broken.has(handler)) {
      source.add('invalid_handler', path, `${handler} is a gate`);
    } else if (late !== undefined) {
      const message = `${handler} needs ${late}, which is not through when ${id} fails`;
      source.add('invalid_handler', path, message);
    }
  }
}
