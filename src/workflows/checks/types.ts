import { suggestion } from '../../core/suggestion.ts';
import type { Expression } from '../expressions/ast.ts';
import type { Field } from '../expressions/fields.ts';
import type { Path } from '../format/problems.ts';
import type { Checking } from './context.ts';
import { describePath } from './vocabulary.ts';

type Compare = Extract<Expression, { kind: 'compare' }>;
type Side = { expression: Expression; path: Path; checking: Checking };

/** What can never come out as meant: it would be told only once everything before has been paid for. */
export function checkTypes(checking: Checking, path: Path, expression: Expression): void {
  if (path.at(-1) !== 'for_each') checkTruth({ checking, path, expression });
  else checkInside({ checking, path, expression });
}

/** Something that has to be true or false. */
function checkTruth(side: Side): void {
  const { checking, path, expression } = side;
  const field = fieldOf(side);
  if (field !== undefined && field.type !== 'boolean' && field.type !== 'any') {
    const message = `${nameOf(expression)} is ${NOUNS[field.type]}, and neither true nor false`;
    const fix = 'Compare it with something.';
    checking.source.add('invalid_expression', path, message, { fix });
  }
  checkInside(side);
}

function checkInside({ checking, path, expression }: Side): void {
  const within = (inner: Expression) => ({ checking, path, expression: inner });
  switch (expression.kind) {
    case 'compare':
      checkComparison(checking, path, expression);
      return;
    case 'not':
      checkTruth(within(expression.of));
      return;
    case 'and':
    case 'or':
      checkTruth(within(expression.left));
      checkTruth(within(expression.right));
  }
}

function checkComparison(checking: Checking, path: Path, { op, left, right }: Compare): void {
  const isIn = op === 'in' || op === 'not in';
  for (const [expression, other] of [
    [left, right],
    [right, left],
  ] as const) {
    const field = fieldOf({ checking, path, expression });
    if (field === undefined) continue;
    if (field.type === 'list' && !(isIn && expression === right)) {
      const name = nameOf(expression);
      const fix = `Use count, sum, min, max or in; how many failed is ${name.split('.')[0]}.failed.`;
      const message = `${name} is a list, one entry for each task, and cannot be compared so`;
      checking.source.add('invalid_expression', path, message, { fix });
      continue;
    }
    // A value may be looked for in a text, whatever the text is.
    if (isIn && expression === right) continue;
    const given = other.kind === 'list' ? other.items : [other];
    for (const item of given) checkLiteral(checking, path, { expression, field, item });
  }
}

type Given = { expression: Expression; field: Field; item: Expression };

function checkLiteral({ source }: Checking, path: Path, { expression, field, item }: Given): void {
  if (item.kind !== 'literal' || item.value === null || field.type === 'any') return;
  const { value } = item;
  const shown = JSON.stringify(value);
  if (typeof value !== (field.type === 'text' ? 'string' : field.type)) {
    const message = `${nameOf(expression)} is ${NOUNS[field.type]}, and ${shown} is none`;
    source.add('wrong_value', path, message);
  } else if (field.words !== undefined && !field.words.includes(String(value))) {
    const fix = suggestion(String(value), field.words);
    source.add('wrong_value', path, `${nameOf(expression)} is never ${shown}`, { fix });
  }
}

const NOUNS = { text: 'a text', number: 'a number', boolean: 'a boolean', list: 'a list', any: '' };

function fieldOf({ checking, expression }: Side): Field | undefined {
  if (expression.kind !== 'path') return undefined;
  const found = describePath(checking.shape, expression.path);
  return found.ok ? found.field : undefined;
}

function nameOf(expression: Expression): string {
  return expression.kind === 'path' ? expression.path.join('.') : '';
}
