import type { Comparison, Expression, FunctionName } from './ast.ts';

/** A value, or why there is none. What is unknown makes no comparison true and none false. */
export type Value = { known: true; value: unknown } | { known: false; why: string };

/** Finds what a path stands for. */
export type Lookup = (path: readonly string[]) => Value;

/** Whether a condition holds; `unknown` never passes. */
export type Judged = { result: true | false | 'unknown'; why: string[] };

/** Judges a condition. Pure and total: it never throws, and takes time in the size of expression and data. */
export function judge(expression: Expression, lookup: Lookup): Judged {
  const value = evaluate(expression, lookup);
  if (!value.known) return { result: 'unknown', why: [value.why] };
  if (typeof value.value === 'boolean') return { result: value.value, why: [] };
  return { result: 'unknown', why: [`${shown(value.value)} is neither true nor false`] };
}

export function evaluate(expression: Expression, lookup: Lookup): Value {
  switch (expression.kind) {
    case 'literal':
      return known(expression.value);
    case 'path':
      return lookup(expression.path);
    case 'list':
      return listOf(expression.items.map((item) => evaluate(item, lookup)));
    case 'call':
      return call(
        expression.name,
        expression.args.map((item) => evaluate(item, lookup)),
      );
    case 'not': {
      const of = truth(evaluate(expression.of, lookup));
      return of.known ? known(!of.value) : of;
    }
    case 'and':
    case 'or': {
      const decides = expression.kind === 'or';
      const left = truth(evaluate(expression.left, lookup));
      if (left.known && left.value === decides) return left;
      const right = truth(evaluate(expression.right, lookup));
      if (right.known && right.value === decides) return right;
      return left.known ? right : left;
    }
    case 'compare':
      return compare(
        expression.op,
        evaluate(expression.left, lookup),
        evaluate(expression.right, lookup),
      );
  }
}

function known(value: unknown): Value {
  return { known: true, value };
}

function unknown(why: string): Value {
  return { known: false, why };
}

function truth(value: Value): Value {
  if (!value.known || typeof value.value === 'boolean') return value;
  return unknown(`${shown(value.value)} is neither true nor false`);
}

function listOf(values: readonly Value[]): Value {
  const missing = values.find((value) => !value.known);
  if (missing !== undefined) return missing;
  return known(values.map((value) => (value.known ? value.value : undefined)));
}

function compare(op: Comparison, left: Value, right: Value): Value {
  if (!left.known) return left;
  if (!right.known) return right;
  const [a, b] = [left.value, right.value];
  if (op === 'in' || op === 'not in') {
    const within = isIn(a, b);
    return typeof within === 'string' ? unknown(within) : known(within === (op === 'in'));
  }
  if (op === '==' || op === '!=') {
    // Words of another type are a mistake of the file or a surprise in the data, and no inequality.
    if (a === null || b === null) return known((a === b) === (op === '=='));
    if (typeof a !== typeof b || typeof a === 'object') return incomparable(a, b);
    return known((a === b) === (op === '=='));
  }
  const ordered =
    (typeof a === 'number' && typeof b === 'number') ||
    (typeof a === 'string' && typeof b === 'string');
  if (!ordered) return incomparable(a, b);
  const [x, y] = [a as number, b as number];
  return known(op === '<' ? x < y : op === '<=' ? x <= y : op === '>' ? x > y : x >= y);
}

function incomparable(a: unknown, b: unknown): Value {
  const hint = Array.isArray(a) || Array.isArray(b) ? '; use in, count, sum, min or max' : '';
  return unknown(`${shown(a)} cannot be compared with ${shown(b)}${hint}`);
}

/** A text is in a list that has it, in a text that contains it, and in an object as a key. */
function isIn(item: unknown, holder: unknown): boolean | string {
  if (Array.isArray(holder)) return holder.includes(item);
  if (typeof holder === 'string' && typeof item === 'string') return holder.includes(item);
  if (typeof holder === 'object' && holder !== null && typeof item === 'string') {
    return Object.hasOwn(holder, item);
  }
  return `${shown(holder)} cannot hold ${shown(item)}`;
}

function call(name: FunctionName, args: readonly Value[]): Value {
  const [first, second] = args;
  if (name === 'known') return known(first?.known ?? false);
  if (first === undefined || !first.known) return first ?? unknown('an argument is missing');
  if (second !== undefined && !second.known) return second;
  const list = first.value;
  if (!Array.isArray(list)) return unknown(`${name} needs a list, not ${shown(list)}`);
  if (name === 'count') {
    return known(
      second === undefined ? list.length : list.filter((x) => x === second.value).length,
    );
  }
  const odd = list.find((item) => typeof item !== 'number');
  if (odd !== undefined) return unknown(`${name} needs numbers, not ${shown(odd)}`);
  const numbers = list as number[];
  if (name === 'sum') return known(numbers.reduce((sum, item) => sum + item, 0));
  if (numbers.length === 0) return unknown(`${name} of an empty list`);
  return known(numbers.reduce((a, b) => (name === 'min' ? Math.min(a, b) : Math.max(a, b))));
}

const SHOWN_CHARS = 60;

/** A value in a sentence. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)}…`;
}
