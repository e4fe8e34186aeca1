/** A parsed expression: plain data, so that a plan with its conditions can be stored. */
export type Expression =
  | { kind: 'literal'; value: Scalar }
  | { kind: 'list'; items: Expression[] }
  | { kind: 'path'; path: string[]; at: number }
  | { kind: 'call'; name: FunctionName; args: Expression[] }
  | { kind: 'not'; of: Expression }
  | { kind: 'and' | 'or'; left: Expression; right: Expression }
  | { kind: 'compare'; op: Comparison; left: Expression; right: Expression };

export type Scalar = string | number | boolean | null;

export const COMPARISONS = ['==', '!=', '<=', '>=', '<', '>', 'in', 'not in'] as const;
export type Comparison = (typeof COMPARISONS)[number];

/** By name: how many arguments at least and at most, and what it is. */
export const FUNCTIONS = {
  count: { min: 1, max: 2, about: 'entries of a list, or those equal to the second argument' },
  sum: { min: 1, max: 1, about: 'the sum of a list of numbers' },
  min: { min: 1, max: 1, about: 'the smallest number of a list' },
  max: { min: 1, max: 1, about: 'the largest number of a list' },
  known: { min: 1, max: 1, about: 'whether the value is there at all' },
} as const;
export type FunctionName = keyof typeof FUNCTIONS;

/** Every path in an expression, in the order they are written. */
export function pathsOf(expression: Expression): { path: string[]; at: number }[] {
  switch (expression.kind) {
    case 'path':
      return [expression];
    case 'list':
      return expression.items.flatMap(pathsOf);
    case 'call':
      return expression.args.flatMap(pathsOf);
    case 'not':
      return pathsOf(expression.of);
    case 'literal':
      return [];
    default:
      return [...pathsOf(expression.left), ...pathsOf(expression.right)];
  }
}
