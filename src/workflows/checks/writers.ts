import type { RawAgent } from '../format/nodes.ts';
import type { Checking } from './context.ts';
import { isAgent } from './roles.ts';
import { isFan } from './vocabulary.ts';

/** Pairs that are told; the first ones show what is meant. */
const TOLD = 10;

type Writer = { id: string; index: number; node: RawAgent; bases: string[] };

/** What a worker did in a copy comes into the project with its verdict: without one it would be lost. */
export function checkCopies({ source, shape }: Checking): void {
  for (const [id, node] of shape.nodes) {
    if (!isAgent(node) || !node.allow_write || node.verify !== false) continue;
    if ((node.isolation ?? shape.defaults?.isolation) !== 'worktree') continue;
    const message = `${id} works in a copy, and what it does comes into the project once it is verified`;
    const fix = 'Remove verify: false, or isolation: worktree.';
    source.add('wrong_value', ['nodes', id, 'verify'], message, { fix });
  }
}

/** Two that may change the same files side by side undo each other's work and spoil each other's verdict. */
export function checkWriters({ source, shape, graph, ancestors }: Checking): void {
  const writers = [...shape.nodes].flatMap(([id, node]): Writer[] => {
    if (!isAgent(node) || !node.allow_write) return [];
    if ((node.isolation ?? shape.defaults?.isolation) === 'worktree') return [];
    const bases = (node.write_scope?.allow ?? []).map(fixedPart);
    return [{ id, index: graph.indexOf.get(id) ?? -1, node, bases }];
  });
  let told = 0;
  const tell = (id: string, message: string) => {
    told += 1;
    source.add('overlapping_writers', ['nodes', id], message, { at: 'key', level: 'warning' });
  };
  for (const [at, writer] of writers.entries()) {
    if (told >= TOLD) return;
    const { id, index, node } = writer;
    if (isFan(node)) tell(id, `the tasks of ${id} may change the same files at the same time`);
    const other = writers.slice(0, at).find((before) => {
      const isOrdered = ancestors.has(index, before.index) || ancestors.has(before.index, index);
      return !isOrdered && overlap(writer.bases, before.bases);
    });
    if (other !== undefined) {
      tell(id, `${other.id} and ${id} may change the same files at the same time`);
    }
  }
}

/** What stands before the first wildcard. */
function fixedPart(glob: string): string {
  return glob.replace(/[*?[{(!].*$/, '');
}

function overlap(a: readonly string[], b: readonly string[]): boolean {
  return a.some((one) => b.some((two) => one.startsWith(two) || two.startsWith(one)));
}
