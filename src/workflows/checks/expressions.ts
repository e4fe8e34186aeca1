import { type Expression, pathsOf } from '../expressions/ast.ts';
import { ExpressionError } from '../expressions/lexer.ts';
import { parseExpression } from '../expressions/parser.ts';
import type { AnyNode, RawNode } from '../format/nodes.ts';
import type { Path } from '../format/problems.ts';
import { LIMITS } from '../limits.ts';
import type { Checking } from './context.ts';
import { checkTypes } from './types.ts';
import { describePath, isFan } from './vocabulary.ts';

/** Every expression of a file, parsed, by where it stands. What does not parse is told and missing. */
export type Parsed = ReadonlyMap<string, Expression>;

export function checkExpressions(checking: Checking): Parsed {
  const parsed = new Map<string, Expression>();
  for (const [id, node] of checking.shape.nodes) {
    if (checking.shape.broken.has(id)) continue;
    checkExpansion(checking, id, node);
    for (const { path, text } of expressionsOf(id, node)) {
      const expression = read(checking, id, path, text);
      if (expression !== undefined) parsed.set(path.join('/'), expression);
    }
  }
  return parsed;
}

/** The texts that are expressions, and where they stand. */
export function expressionsOf(id: string, raw: RawNode): { path: Path; text: string }[] {
  const node: AnyNode = raw as AnyNode;
  const found: { path: Path; text: string }[] = [];
  const add = (path: Path, text: string | undefined) => {
    if (text !== undefined) found.push({ path: ['nodes', id, ...path], text });
  };
  add(['when'], node.when);
  add(['for_each'], node.for_each);
  const conditions = node.pass_when;
  if (typeof conditions === 'string') add(['pass_when'], conditions);
  else
    conditions?.forEach((text, index) => {
      add(['pass_when', index], text);
    });
  return found;
}

function read(checking: Checking, id: string, path: Path, text: string): Expression | undefined {
  const { source } = checking;
  let expression: Expression;
  try {
    expression = parseExpression(text);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const start = source.textStart(path);
    const offset = start === undefined ? 0 : start + error.at;
    const where = start === undefined ? ` (at character ${error.at + 1})` : '';
    source.add('invalid_expression', path, `${error.message}${where}`, { offset });
    return undefined;
  }
  for (const { path: asked, at } of pathsOf(expression)) {
    const start = source.textStart(path);
    checkPath(checking, { id, path, asked, offset: start === undefined ? 0 : start + at });
  }
  checkTypes(checking, path, expression);
  return expression;
}

type Asked = { id: string; path: Path; asked: readonly string[]; offset: number };

function checkPath(
  { source, shape, graph, ancestors }: Checking,
  { id, path, asked, offset }: Asked,
) {
  const found = describePath(shape, asked);
  if (!found.ok) {
    source.add('unknown_field', path, found.message, { offset, fix: found.fix });
    return;
  }
  const { node } = found;
  if (node === undefined) return;
  const [here, there] = [graph.indexOf.get(id) ?? -1, graph.indexOf.get(node) ?? -1];
  // In a cycle nothing comes before anything; the cycle is told.
  if (!graph.order.includes(here) || ancestors.has(here, there)) return;
  const message = `${id} does not wait for ${node}, so ${asked.join('.')} may not be there yet`;
  source.add('not_upstream', path, message, { offset, fix: `Add ${node} to needs of ${id}.` });
}

function checkExpansion({ source }: Checking, id: string, raw: RawNode): void {
  if (!isFan(raw)) return;
  const node = raw as AnyNode;
  if (node.for_each !== undefined && node.matrix !== undefined) {
    const message = `${id} has both for_each and matrix`;
    source.add('invalid_expansion', ['nodes', id, 'matrix'], message, { at: 'key' });
  }
  if (node.matrix === undefined) return;
  const count = Object.values(node.matrix).reduce((product, list) => product * list.length, 1);
  const most = node.max_items ?? LIMITS.items;
  if (count > most) {
    const message = `the matrix has ${count} combinations, at most ${most} are run`;
    source.add('invalid_expansion', ['nodes', id, 'matrix'], message, { at: 'key' });
  }
}
