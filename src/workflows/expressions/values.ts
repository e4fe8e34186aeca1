import { type Expression, pathsOf } from './ast.ts';
import { type Lookup, shown } from './evaluate.ts';

const MOST = 6;

/** What an expression was judged by, for people: `review.blocking_count is 2`. What is unknown is left out. */
export function valuesOf(expression: Expression, lookup: Lookup): string[] {
  const names = new Set(pathsOf(expression).map(({ path }) => path.join('.')));
  const told = [...names].flatMap((name) => {
    const value = lookup(name.split('.'));
    return value.known ? [`${name} is ${shown(value.value)}`] : [];
  });
  return told.slice(0, MOST);
}
