/** What waits for what, by index. An edge also leads to the node that handles a failure, and on from it. */
export type Graph = {
  ids: readonly string[];
  indexOf: ReadonlyMap<string, number>;
  before: readonly (readonly number[])[];
  after: readonly (readonly number[])[];
  /** Every node once, needs first, in the order of the file; without the nodes in and behind a cycle. */
  order: readonly number[];
};

export function graphOf(
  ids: readonly string[],
  edges: readonly (readonly [number, number])[],
): Graph {
  const before: number[][] = ids.map(() => []);
  const after: number[][] = ids.map(() => []);
  for (const [from, to] of edges) {
    before[to]?.push(from);
    after[from]?.push(to);
  }
  const indexOf = new Map(ids.map((id, index) => [id, index]));
  return { ids, indexOf, before, after, order: orderOf(before, after) };
}

function orderOf(before: number[][], after: number[][]): number[] {
  const open = before.map((list) => list.length);
  const order: number[] = open.flatMap((count, index) => (count === 0 ? [index] : []));
  for (let at = 0; at < order.length; at += 1) {
    for (const next of after[order[at] ?? -1] ?? []) {
      const left = (open[next] ?? 0) - 1;
      open[next] = left;
      if (left === 0) order.push(next);
    }
  }
  return order;
}

/** Everything that can be reached from a node along `edges`, without the node itself. */
export function reachable(from: number, edges: readonly (readonly number[])[]): Set<number> {
  const found = new Set<number>();
  const queue = [from];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const next of edges[at] ?? []) {
      if (found.has(next)) continue;
      found.add(next);
      queue.push(next);
    }
  }
  return found;
}

/** One cycle of each knot, in the order of the edges; each node is told once. */
export function cyclesOf({ before, after, order }: Graph): number[][] {
  const sorted = new Set(order);
  const left = before.flatMap((_, index) => (sorted.has(index) ? [] : [index]));
  const seen = new Set<number>();
  const cycles: number[][] = [];
  for (const start of left) {
    const path: number[] = [];
    // Every node that is left waits for one that is left, so going back must come round.
    for (let at: number | undefined = start; at !== undefined && !seen.has(at); ) {
      seen.add(at);
      path.push(at);
      const next: number | undefined = before[at]?.find((index) => !sorted.has(index));
      if (next !== undefined && path.includes(next)) {
        cycles.push(path.slice(path.indexOf(next)).reverse());
      }
      at = next;
    }
  }
  return cycles.filter((cycle) =>
    cycle.every((node, i) => after[node]?.includes(cycle[(i + 1) % cycle.length] ?? -1)),
  );
}

/** Batches that could run side by side: each node in the first one all its needs allow. */
export function batchesOf({ before, order }: Pick<Graph, 'before' | 'order'>): number[][] {
  const level: number[] = [];
  const batches: number[][] = [];
  for (const index of order) {
    const depth = Math.max(-1, ...(before[index] ?? []).map((need) => level[need] ?? 0)) + 1;
    level[index] = depth;
    const batch = batches[depth] ?? [];
    batch.push(index);
    batches[depth] = batch;
  }
  return batches;
}

/** Sets of ancestors of every node, as bits; asked often while expressions are checked. */
export class Ancestors {
  readonly #rows: Uint32Array[] = [];

  constructor({ before, order, ids }: Graph) {
    const words = Math.ceil(ids.length / 32);
    for (const index of order) {
      const row = new Uint32Array(words);
      for (const need of before[index] ?? []) {
        const above = this.#rows[need];
        for (let word = 0; above !== undefined && word < words; word += 1) {
          row[word] = (row[word] ?? 0) | (above[word] ?? 0);
        }
        row[need >> 5] = (row[need >> 5] ?? 0) | (1 << (need & 31));
      }
      this.#rows[index] = row;
    }
  }

  /** Whether `above` is through before `node` can start. */
  has(node: number, above: number): boolean {
    return (((this.#rows[node]?.[above >> 5] ?? 0) >>> (above & 31)) & 1) === 1;
  }
}
