import { expect, it } from 'vitest';
import { readTestOutput } from '../../src/demo/sample.ts';

const TAP = `TAP version 13
# Subtest: one
ok 1 - one
# Subtest: 10 % off 250 is 225
not ok 2 - 10 % off 250 is 225
  ---
  error: |-
    Expected values to be strictly equal:

    240 !== 225

  ...
1..2
# tests 2
# pass 1
# fail 1
`;

const SPEC = `✔ one (0.9ms)
✖ 10 % off 250 is 225 (1.386242ms)
ℹ tests 2
ℹ pass 1
ℹ fail 1

✖ failing tests:

test at test/price.test.js:9:1
✖ 10 % off 250 is 225 (1.386242ms)
  AssertionError [ERR_ASSERTION]: Expected values to be strictly equal:

  240 !== 225

      at TestContext.<anonymous> (file:///p/test/price.test.js:10:10)
`;

it.each([
  ['TAP, as Node 20 prints it', TAP],
  ['the form of newer Nodes', SPEC],
])('reads %s', (_name, output) => {
  expect(readTestOutput(output)).toEqual({
    passed: 1,
    failed: 1,
    failing: ['10 % off 250 is 225'],
    difference: '240 !== 225',
  });
});

it('finds nothing where there are no tests', () => {
  expect(readTestOutput('hello\n')).toEqual({ passed: 0, failed: 0, failing: [] });
});
