import { LIMITS } from '../limits.ts';
import { type Comparison, type Expression, FUNCTIONS, type FunctionName } from './ast.ts';
import { ExpressionError, type Token, tokensOf } from './lexer.ts';

/**
 * Reads an expression. From loose to tight: `or`, `and`, `not`, one comparison, a value. Comparisons do
 * not chain. Throws ExpressionError with the offset of what is wrong. Grammar: docs/workflows.md.
 */
export function parseExpression(source: string): Expression {
  const parser = new Parser(tokensOf(source));
  return parser.whole();
}

const WORDS = new Set(['and', 'or', 'not', 'in', 'true', 'false', 'null']);

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Expression {
    if (this.#peek().kind === 'end') throw new ExpressionError('it is empty', 0);
    const expression = this.#or();
    if (this.#peek().kind !== 'end') throw this.#expected('and, or, or the end');
    return expression;
  }

  #or(): Expression {
    this.#depth += 1;
    if (this.#depth > LIMITS.expressionDepth) {
      const hint = `it is nested deeper than ${LIMITS.expressionDepth}`;
      throw new ExpressionError(hint, this.#peek().at);
    }
    let left = this.#and();
    while (this.#takes('or')) left = { kind: 'or', left, right: this.#and() };
    this.#depth -= 1;
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#takes('and')) left = { kind: 'and', left, right: this.#not() };
    return left;
  }

  #not(): Expression {
    let negations = 0;
    while (this.#takes('not')) negations += 1;
    const of = this.#comparison();
    return negations % 2 === 1 ? { kind: 'not', of } : of;
  }

  #comparison(): Expression {
    const left = this.#value();
    const op = this.#operator();
    if (op === undefined) return left;
    const right = this.#value();
    if (this.#isOperator()) {
      throw new ExpressionError('comparisons do not chain: join two with and', this.#peek().at);
    }
    return { kind: 'compare', op, left, right };
  }

  #isOperator(): boolean {
    const { kind, text } = this.#peek();
    return (kind === 'sign' && /^[=!<>]/.test(text)) || (kind === 'word' && text === 'in');
  }

  #operator(): Comparison | undefined {
    const after = this.#tokens[this.#next + 1];
    if (this.#is('not') && after?.kind === 'word' && after.text === 'in') {
      this.#next += 2;
      return 'not in';
    }
    return this.#isOperator() ? (this.#take().text as Comparison) : undefined;
  }

  #value(): Expression {
    const token = this.#peek();
    if (token.kind === 'text' || token.kind === 'number') {
      this.#next += 1;
      const value = token.kind === 'text' ? token.text : Number(token.text);
      return { kind: 'literal', value };
    }
    if (token.kind === 'word') return this.#word();
    if (this.#takes('(')) {
      const inside = this.#or();
      this.#require(')');
      return inside;
    }
    if (this.#takes('[')) return { kind: 'list', items: this.#items(']') };
    throw this.#expected('a value: a path such as review.status, a number, a "text" or a [list]');
  }

  #word(): Expression {
    const { text, at } = this.#peek();
    if (text === 'true' || text === 'false' || text === 'null') {
      this.#next += 1;
      return { kind: 'literal', value: text === 'null' ? null : text === 'true' };
    }
    if (WORDS.has(text)) throw this.#expected('a value');
    this.#next += 1;
    if (this.#is('(')) return this.#call(text, at);
    const path = [text];
    while (this.#takes('.')) {
      if (this.#peek().kind !== 'word') throw this.#expected('a name after the dot');
      path.push(this.#take().text);
    }
    return { kind: 'path', path, at };
  }

  #call(name: string, at: number): Expression {
    const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name as FunctionName] : undefined;
    if (known === undefined) {
      const names = Object.keys(FUNCTIONS).join(', ');
      throw new ExpressionError(`there is no function ${name}; there are ${names}`, at);
    }
    this.#require('(');
    const args = this.#items(')');
    if (args.length < known.min || args.length > known.max) {
      const wanted = known.min === known.max ? `${known.min}` : `${known.min} or ${known.max}`;
      throw new ExpressionError(`${name} takes ${wanted} arguments, not ${args.length}`, at);
    }
    return { kind: 'call', name: name as FunctionName, args };
  }

  #items(end: string): Expression[] {
    const items: Expression[] = [];
    if (this.#takes(end)) return items;
    do items.push(this.#or());
    while (this.#takes(','));
    this.#require(end);
    return items;
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', at: 0 };
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }

  #is(text: string): boolean {
    const token = this.#peek();
    return (token.kind === 'word' || token.kind === 'sign') && token.text === text;
  }

  #takes(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#next += 1;
    return true;
  }

  #require(text: string): void {
    if (!this.#takes(text)) throw this.#expected(`"${text}"`);
  }

  #expected(what: string): ExpressionError {
    const { kind, text, at } = this.#peek();
    const found = kind === 'end' ? 'it ends' : `there is ${JSON.stringify(text)}`;
    return new ExpressionError(`expected ${what}, but ${found}`, at);
  }
}
