import { describe, expect, test } from 'vitest';
import { evaluate, judge, type Lookup } from '../../src/workflows/expressions/evaluate.ts';
import { ExpressionError } from '../../src/workflows/expressions/lexer.ts';
import { parseExpression } from '../../src/workflows/expressions/parser.ts';

const FACTS: Record<string, unknown> = {
  'review.status': 'pass',
  'review.blocking_count': 0,
  'quality-gate.passed': true,
  'cost.usd': 0.25,
  'a.tags': ['x', 'y', 'x'],
  'a.numbers': [3, 1, 2],
  'a.nothing': null,
  'a.map': { key: 1 },
};

const lookup: Lookup = (path) => {
  const name = path.join('.');
  return Object.hasOwn(FACTS, name)
    ? { known: true, value: FACTS[name] }
    : { known: false, why: `${name} is not there` };
};

const decide = (text: string) => judge(parseExpression(text), lookup).result;

describe('what holds', () => {
  test.each([
    // The forms of the predecessor.
    ['review.status == "pass"', true],
    ["review.status == 'pass'", true],
    ['review.blocking_count == 0', true],
    ['review.blocking_count == 1', false],
    ['review.status != "pass"', false],
    ['cost.usd < 0.3 and cost.usd >= 0.25', true],
    ['cost.usd > -1', true],
    ['not review.status == "fail"', true],
    ['not not quality-gate.passed', true],
    ['quality-gate.passed', true],
    ['review.status in ["pass", "fail"]', true],
    ['review.status not in ["pass"]', false],
    ['"x" in a.tags', true],
    ['"as" in review.status', true],
    ['"key" in a.map', true],
    ['count(a.tags) == 3', true],
    ['count(a.tags, "x") == 2', true],
    ['sum(a.numbers) == 6 and min(a.numbers) == 1 and max(a.numbers) == 3', true],
    ['sum([]) == 0', true],
    ['known(a.tags) and not known(a.more)', true],
    ['a.nothing == null', true],
    ['review.status == null', false],
    ['true or false and false', true],
    ['(true or false) and false', false],
    ['"a\\"b" == "a\\"b"', true],
    ['"2" < "3"', true],
  ])('%s is %s', (text, result) => {
    expect(decide(text)).toBe(result);
  });
});

describe('what is unknown never passes, and decides nothing by itself', () => {
  test.each([
    ['a.more', 'unknown'],
    ['a.more == 1', 'unknown'],
    ['a.more != 1', 'unknown'],
    ['not (a.more == 1)', 'unknown'],
    ['a.more == 1 and true', 'unknown'],
    ['true and a.more == 1', 'unknown'],
    ['a.more == 1 and false', false],
    ['a.more == 1 or true', true],
    ['a.more == 1 or false', 'unknown'],
    ['false or a.more == 1', 'unknown'],
    ['review.status == 1', 'unknown'],
    ['review.status != 1', 'unknown'],
    ['review.status > 1', 'unknown'],
    ['a.tags == "x"', 'unknown'],
    ['count(review.status) == 1', 'unknown'],
    ['sum(a.tags) == 1', 'unknown'],
    ['max([]) == 1', 'unknown'],
    ['1 in 2', 'unknown'],
    ['[a.more] == 1', 'unknown'],
    ['"pass"', 'unknown'],
    ['1', 'unknown'],
    ['1 and true', 'unknown'],
  ])('%s is %s', (text, result) => {
    expect(decide(text)).toBe(result);
  });

  test('and says why', () => {
    expect(judge(parseExpression('a.more == 1'), lookup).why).toEqual(['a.more is not there']);
    expect(judge(parseExpression('a.tags == "x"'), lookup).why.join()).toContain('use in, count');
  });
});

describe('what is no expression', () => {
  test.each([
    ['', 0, 'empty'],
    ['a.b = 1', 4, 'write =='],
    ['a.b && c.d', 4, 'write and'],
    ['a.b || c.d', 4, 'write or'],
    ['!a.b', 0, 'write not'],
    ['a.b + 1', 4, 'no arithmetic'],
    ['$a.b', 0, 'without a dollar sign'],
    ['"open', 0, 'quote'],
    ['a.b ==', 6, 'it ends'],
    ['a.b == 1 c', 9, 'the end'],
    ['1 < 2 < 3', 6, 'do not chain'],
    ['size(a.b)', 0, 'no function size'],
    ['count()', 0, 'takes 1 or 2'],
    ['a.', 2, 'after the dot'],
    ['(a.b', 4, '")"'],
    ['and', 0, 'a value'],
    ['constructor(a)', 0, 'no function constructor'],
    ['a; b', 1, 'no meaning'],
    ['1.2.3', 0, 'no meaning'],
    ['a[0]', 1, 'the end'],
  ])('%j fails at %i', (text, at, message) => {
    let error: unknown;
    try {
      parseExpression(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ExpressionError);
    expect(error).toMatchObject({ at, message: expect.stringContaining(message) });
  });

  test('is refused when it is too long or too deep, in no time', () => {
    expect(() => parseExpression('('.repeat(1900))).toThrow('nested deeper');
    expect(() => parseExpression('['.repeat(1900))).toThrow('nested deeper');
    expect(() => parseExpression('a.b == 1 or '.repeat(200))).toThrow('characters');
    const long = Array.from({ length: 190 }, () => 'a.b == 1')
      .join(' or ')
      .slice(0, 1990);
    expect(() => parseExpression(long.slice(0, long.lastIndexOf(' or ')))).not.toThrow();
  });

  test('reaches nothing but what it is given', () => {
    for (const text of ['__proto__.x', 'constructor.name', 'process.env']) {
      expect(evaluate(parseExpression(text), lookup)).toMatchObject({ known: false });
    }
    expect(decide('"toString" in a.map')).toBe(false);
  });
});
