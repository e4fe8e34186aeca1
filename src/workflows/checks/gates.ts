import { suggestion } from '../../core/suggestion.ts';
import { onFailureOf } from '../format/on-failure.ts';
import { type Checking, needsOf } from './context.ts';
import { reachable } from './graph.ts';

/** A gate goes back only to what comes before it, and a verifier stands on every way to what it guards. */
export function checkGates({ source, shape, graph, ancestors }: Checking): void {
  for (const [id, node] of shape.nodes) {
    if (node.type !== 'gate' || shape.broken.has(id)) continue;
    if (needsOf(node).length === 0 && node.pass_when === undefined) {
      const message = `${id} has no conditions and waits for nothing, so it always passes`;
      source.add('no_effect', ['nodes', id], message, { at: 'key', level: 'warning' });
    }
    const target = node.on_fail?.retry;
    if (target === undefined) continue;
    const path = ['nodes', id, 'on_fail', 'retry'];
    const index = graph.indexOf.get(target);
    if (index === undefined) {
      const message = `there is no node ${JSON.stringify(target.slice(0, 80))}`;
      source.add('missing_retry_target', path, message, { fix: suggestion(target, graph.ids) });
    } else if (!ancestors.has(graph.indexOf.get(id) ?? -1, index)) {
      source.add('invalid_retry_target', path, `${target} does not come before ${id}`);
    }
  }
}

/**
 * Dominance: with the verifier taken out, nothing leads from a beginning to what it guards. Verifiers
 * side by side guard it together: each way has to lead through one of them.
 */
export function checkVerifiers(checking: Checking): void {
  const { source, shape, graph, ancestors } = checking;
  for (const [guarded, verifiers] of Object.entries(shape.verify_before ?? {})) {
    const target = graph.indexOf.get(guarded);
    if (target === undefined) {
      const message = `there is no node ${JSON.stringify(guarded.slice(0, 80))}`;
      source.add('missing_dependency', ['verify_before', guarded], message, {
        at: 'key',
        fix: suggestion(guarded, graph.ids),
      });
      continue;
    }
    const list = typeof verifiers === 'string' ? [verifiers] : verifiers;
    for (const [at, verifier] of list.entries()) {
      const path =
        typeof verifiers === 'string' ? ['verify_before', guarded] : ['verify_before', guarded, at];
      const index = graph.indexOf.get(verifier);
      const node = shape.nodes.get(verifier);
      if (index === undefined || node === undefined) {
        const message = `there is no node ${JSON.stringify(verifier.slice(0, 80))}`;
        source.add('missing_dependency', path, message, { fix: suggestion(verifier, graph.ids) });
        continue;
      }
      const beside = list
        .map((other) => graph.indexOf.get(other) ?? -1)
        .filter((other) => isBeside(checking, other, index) && ancestors.has(target, other));
      const way = ancestors.has(target, index)
        ? wayAround({ graph, target, without: new Set([index, ...beside]) })
        : wayAround({ graph, target, without: new Set([index]) });
      if (way !== undefined) {
        const message = `${guarded} can be reached without ${verifier}: ${way.join(' → ')}`;
        source.add('not_dominated', path, message);
      }
      if (onFailureOf(node, shape) === 'continue') {
        const message = `${verifier} lets the workflow continue when it fails`;
        source.add('invalid_verifier', path, message);
      }
    }
  }
}

function isBeside({ ancestors }: Checking, a: number, b: number): boolean {
  return a >= 0 && a !== b && !ancestors.has(a, b) && !ancestors.has(b, a);
}

type Question = { graph: Checking['graph']; target: number; without: ReadonlySet<number> };

/** One way from a beginning to `target` that leaves `without` out, by id. */
function wayAround({ graph, target, without }: Question): string[] | undefined {
  if (without.has(target)) return [graph.ids[target] ?? ''];
  const { after, ids } = graph;
  const before = graph.before.map((list) => list);
  for (const index of without) before[index] = [];
  const above = reachable(target, before);
  for (const index of without) above.delete(index);
  above.add(target);
  const start = [...above].find((index) => graph.before[index]?.length === 0);
  if (start === undefined) return undefined;
  const way = [start];
  for (let at = start; at !== target; ) {
    const next: number | undefined = after[at]?.find((i) => above.has(i) && !way.includes(i));
    if (next === undefined) break;
    way.push(next);
    at = next;
  }
  return way.map((index) => ids[index] ?? '');
}
