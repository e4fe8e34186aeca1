import { expect, test } from 'vitest';
import { CLAIMS_SCHEMA } from '../../src/runs/claims-schema.ts';
import { requireOutputSchema } from '../../src/runs/output-schema.ts';
import { isSame } from '../../src/verification/claims/match.ts';
import { proseClaims } from '../../src/verification/claims/prose.ts';
import { proseOf } from '../../src/verification/claims/reported.ts';
import { cpuMs } from '../support/cpu-time.ts';

/** What is read out of a sentence: kind, and command or path. */
const SENTENCES: [text: string, claims: string[]][] = [
  ['All tests pass.', ['tests_pass']],
  ['All 42 tests passed, 0 failed.', ['tests_pass']],
  ['The test suite is green and everything works.', ['tests_pass']],
  ['- ✅ Tests pass', ['tests_pass']],
  ['12 passed', ['tests_pass']],
  ['I ran `npm test` and all tests pass.', ['tests_pass', 'ran npm test']],
  [
    'I then ran `npx tsc --noEmit` and `npm run lint`.',
    ['ran npx tsc --noEmit', 'ran npm run lint'],
  ],
  ['Ran the tests.', ['ran']],
  ['I have run the test suite twice.', ['ran']],
  ['测试全部通过。', ['tests_pass']],
  ['已运行 `npm test`，全部测试通过', ['tests_pass', 'ran npm test']],
  ['我运行了测试。', ['ran']],
  ['已修复 `src/a.ts` 中的问题。', ['changed src/a.ts']],
  ['I fixed the bug.', ['changed']],
  ['The bug has been fixed.', ['changed']],
  ['Created `docs/a.md`.', ['created docs/a.md']],
  ['I removed the file `src/old.ts`.', ['deleted src/old.ts']],
  ['Updated `src/a.ts` so that it adds.', ['changed src/a.ts']],
  ['Added three unit tests.', ['created']],
  ['Fixed `a/b.ts` and added a test.', ['changed a/b.ts', 'created']],
  ['No files were changed.', ['no_change']],

  ['The tests do not pass.', []],
  ['Not all tests pass.', []],
  ['3 tests pass, 1 fails.', []],
  ['Tests should pass now.', []],
  ['I could not run the tests.', []],
  ['If you run `npm test`, all tests pass.', []],
  ['Please run `npm test`.', []],
  ['I did not run `npm test`.', []],
  ['The tests will pass once the fix is in.', []],
  ['Make sure that all tests pass.', []],
  ['测试没有通过。', []],
  ['I was unable to fix it.', []],
  ['`npm test` exits with 1.', []],
  ['The function adds two numbers.', []],
  ['I ran `sum(1, 2)` in my head.', []],
];

test.each(SENTENCES)('%s', (text, claims) => {
  const found = proseClaims(text).map(({ kind, command, paths }) =>
    [kind, command ?? paths?.[0] ?? ''].join(' ').trim(),
  );
  expect(found).toEqual(claims);
});

test('what stands in a fence is not what the worker says', () => {
  const answer = 'Before:\n```\nAll tests pass. I ran `npm test`.\n```\nNothing else.';
  expect(proseClaims(proseOf(answer))).toEqual([]);
  expect(proseClaims(proseOf('```\nAll tests pass.'))).toEqual([]);
});

test('a long text costs little', () => {
  const text = 'I have run `a` and updated the tests that pass and pass and pass, '.repeat(20_000);
  const ms = cpuMs(() => {
    proseClaims(text);
    proseClaims(`${'a'.repeat(500_000)}.`);
  });
  expect(ms).toBeLessThan(5000);
});

const COMMANDS: [claimed: string, ran: string, same: boolean][] = [
  ['npm test', 'npm test', true],
  ['npm test', 'npm test 2>&1 | tail -5', true],
  ['npm test', 'cd app && npm test', true],
  ['npm test', 'CI=1 npm run test --silent', true],
  ['npm run test', 'npm test', true],
  ['vitest run a.test.ts', 'npx vitest run a.test.ts', true],
  ['pytest -q', 'python3 -m pytest -q tests', true],
  ['npm run build && npm test', 'npm run build; npm test', true],
  ['npm test', 'timeout 60 npm test', true],
  ['$ npm test', 'npm test', true],
  ['npm test', 'npm run test:unit', false],
  ['npm test', 'echo "npm test"', false],
  ['npm test', 'npm install', false],
  ['npm run build && npm test', 'npm test', false],
  ['pytest tests/b.py', 'pytest tests/a.py', false],
  ['', 'npm test', false],
];

test.each(COMMANDS)('claimed `%s`, ran `%s`: %s', (claimed, ran, same) => {
  expect(isSame(claimed, ran)).toBe(same);
});

test('"claims": true in an output schema stands for the published form', () => {
  const asked = {
    type: 'object',
    properties: { summary: { type: 'string' }, claims: true },
    required: ['claims'],
  };
  expect(requireOutputSchema(asked)).toEqual({
    ...asked,
    properties: { summary: { type: 'string' }, claims: CLAIMS_SCHEMA },
  });
  const own = { type: 'object', properties: { claims: { type: 'string' } } };
  expect(requireOutputSchema(own)).toEqual(own);
});
