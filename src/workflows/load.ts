import { posix } from 'node:path';
import { checkingOf } from './checks/context.ts';
import { checkEdges } from './checks/edges.ts';
import { checkEffects } from './checks/effects.ts';
import { checkExitCodes } from './checks/exit-codes.ts';
import { checkExpressions } from './checks/expressions.ts';
import { checkGates, checkVerifiers } from './checks/gates.ts';
import { checkIds } from './checks/ids.ts';
import { checkRoles } from './checks/roles.ts';
import { checkSurroundings, type Surroundings } from './checks/surroundings.ts';
import { checkCopies, checkWriters } from './checks/writers.ts';
import { compile } from './format/compile.ts';
import type { Problem } from './format/problems.ts';
import { type Shape, shapeOf } from './format/shape.ts';
import { Source } from './format/source.ts';
import { LIMITS } from './limits.ts';
import type { Plan } from './plan.ts';

/** The text of a file by its path relative to the first one, `/` on every system; undefined: none. */
export type ReadFile = (path: string) => Promise<string | undefined>;

export type Loaded = {
  /** In the order of files and lines, errors of all files together. */
  problems: Problem[];
  /** Present exactly when there is no error. */
  plan?: Plan;
  /** The texts that were read, those of used files behind that of the file that uses them. */
  sources: string[];
};

/**
 * Reads and checks a workflow with everything it uses. All errors are told at once. `file` is only a
 * name for messages; what it uses is read by its own path beside it. With `around` also what only holds
 * where it is to run.
 */
export async function loadWorkflow(
  file: string,
  text: string,
  readFile: ReadFile = async () => undefined,
  around?: Surroundings,
): Promise<Loaded> {
  const name = posix.normalize(file.replaceAll('\\', '/'));
  const base = posix.dirname(name);
  return loadOne({ name, text, above: [], base, readFile, around });
}

type One = {
  name: string;
  text: string;
  /** Files this one is used by, outermost first. */
  above: readonly string[];
  /** Directory of the first file; nothing outside of it is read. */
  base: string;
  readFile: ReadFile;
  around: Surroundings | undefined;
};

async function loadOne(one: One): Promise<Loaded> {
  const source = await Source.read(one.name, one.text);
  const shape = shapeOf(source);
  if (shape === undefined) return { problems: source.problems, sources: [one.text] };
  const checking = checkingOf(source, shape);
  checkIds(checking);
  checkEdges(checking);
  checkRoles(checking);
  checkGates(checking);
  checkVerifiers(checking);
  checkCopies(checking);
  checkWriters(checking);
  if (one.around !== undefined) checkSurroundings(checking, one.around);
  const parsed = checkExpressions(checking);
  checkEffects(checking, parsed);
  checkExitCodes(checking);
  const { plans, problems, texts } = await loadUsed(one, source, shape);
  const sources = [one.text, ...texts];
  const own = source.problems.sort((a, b) => a.line - b.line || a.column - b.column);
  const all = [...own, ...problems];
  if (all.some(({ level }) => level === 'error')) return { problems: all, sources };
  return { problems: all, sources, plan: compile(checking, parsed, plans) };
}

async function loadUsed(one: One, source: Source, shape: Shape) {
  const plans = new Map<string, Plan>();
  const problems: Problem[] = [];
  const texts: string[] = [];
  const chain = [...one.above, one.name];
  for (const [id, node] of shape.nodes) {
    if (node.type !== 'workflow') continue;
    const path = ['nodes', id, 'uses'];
    const target = posix.normalize(posix.join(posix.dirname(one.name), node.uses));
    const isOutside =
      node.uses.includes('\\') || posix.isAbsolute(node.uses) || escapes(one.base, target);
    if (isOutside) {
      source.add('invalid_uses', path, `${node.uses} is not below the directory of this file`);
    } else if (chain.includes(target)) {
      source.add('recursion', path, `it uses itself: ${[...chain, target].join(' → ')}`);
    } else if (chain.length > LIMITS.subWorkflows) {
      source.add('recursion', path, `files use files deeper than ${LIMITS.subWorkflows}`);
    } else {
      const text = await one.readFile(target);
      if (text === undefined) {
        source.add('unreadable', path, `there is no file ${target}`);
        continue;
      }
      const loaded = await loadOne({ ...one, name: target, text, above: chain });
      problems.push(...loaded.problems);
      texts.push(...loaded.sources);
      if (loaded.plan !== undefined) plans.set(id, loaded.plan);
    }
  }
  return { plans, problems, texts };
}

function escapes(base: string, target: string): boolean {
  const way = posix.relative(base, target);
  return way === '..' || way.startsWith('../');
}
