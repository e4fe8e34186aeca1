import { expect, it } from 'vitest';
import {
  arrayAt,
  booleanAt,
  compact,
  isObject,
  numberAt,
  objectAt,
  parseJson,
  stringAt,
} from '../../src/core/json.ts';

it.each([[undefined], [null], [3], ['text'], [[1, 2]]])('reads nothing out of %j', (value) => {
  expect(isObject(value)).toBe(false);
  expect(objectAt(value, 'a')).toBeUndefined();
  expect(arrayAt(value, 'a')).toEqual([]);
  expect(stringAt(value, 'length')).toBeUndefined();
  expect(numberAt(value, 'length')).toBeUndefined();
  expect(booleanAt(value, 'a')).toBeUndefined();
});

it('reads only what has the asked type', () => {
  const value = { o: { x: 1 }, a: [1], s: 's', n: 1, b: false, inf: Number.POSITIVE_INFINITY };
  expect(objectAt(value, 'o')).toEqual({ x: 1 });
  expect(objectAt(value, 'a')).toBeUndefined();
  expect(arrayAt(value, 'a')).toEqual([1]);
  expect(stringAt(value, 's')).toBe('s');
  expect(stringAt(value, 'n')).toBeUndefined();
  expect(numberAt(value, 'n')).toBe(1);
  expect(numberAt(value, 'inf')).toBeUndefined();
  expect(booleanAt(value, 'b')).toBe(false);
});

it('compact drops undefined and nothing else', () => {
  expect(compact({ a: undefined, b: null, c: 0, d: '' })).toEqual({ b: null, c: 0, d: '' });
});

it('parseJson answers undefined instead of throwing', () => {
  expect(parseJson('{"a":1}')).toEqual({ a: 1 });
  expect(parseJson('{"a":')).toBeUndefined();
});
