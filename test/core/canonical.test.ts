import { expect, it } from 'vitest';
import { canonicalJson, isCanonical } from '../../src/core/canonical.ts';

it.each([
  [
    { b: 1, a: { d: [3, { z: null, y: 'x' }], c: undefined } },
    '{"a":{"d":[3,{"y":"x","z":null}]},"b":1}',
  ],
  [{ 10: 1, 9: 2, a: 3 }, '{"10":1,"9":2,"a":3}'],
  [{ é: 'ü\u2028"\\\n', 'a b': '\ud800' }, '{"a b":"\\ud800","é":"ü\u2028\\"\\\\\\n"}'],
  [[1.5, -0, 1e21, true], '[1.5,0,1e+21,true]'],
  ['text', '"text"'],
  [undefined, 'null'],
])('%j is written in one way only', (value, text) => {
  expect(canonicalJson(value)).toBe(text);
  expect(isCanonical(JSON.parse(text), text)).toBe(true);
});

it.each([
  '{"b":1,"a":2}',
  '{"a":{"d":1,"c":2}}',
  '{"a": 1}',
  '{"a":1,"a":1}',
  '{"a":1.0}',
  '{"a":"\\u0061"}',
  '{"9":1,"10":2}',
  ' 1',
])('%s is not', (text) => {
  expect(isCanonical(JSON.parse(text), text)).toBe(false);
});
