import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { countsInText } from '../../src/verification/results/console.ts';
import { readCoverage } from '../../src/verification/results/coverage.ts';
import { countsInJson } from '../../src/verification/results/json.ts';
import { countsInJunit, parseXml } from '../../src/verification/results/junit.ts';
import { readResults } from '../../src/verification/results/read-results.ts';
import { countsInTap } from '../../src/verification/results/tap.ts';
import { scratch } from '../support/scratch.ts';

type Numbers = [passed: number, failed: number, skipped: number] | undefined;

const numbers = (counted: { passed: number; failed: number; skipped: number } | undefined) =>
  counted && [counted.passed, counted.failed, counted.skipped];

/** As the runners print it (colours and all). */
const PRINTED: [runner: string, output: string, counts: Numbers][] = [
  [
    'vitest',
    '\n \u001b[2m Test Files \u001b[22m 1 failed | 2 passed (3)\n\u001b[2m      Tests \u001b[22m 1 failed | 3 passed | 2 skipped (6)\n   Start at  1',
    [3, 1, 2],
  ],
  ['vitest, all well', ' Test Files  1 passed (1)\n      Tests  4 passed (4)\n', [4, 0, 0]],
  ['vitest, nothing there', 'No test files found, exiting with code 0\n', [0, 0, 0]],
  [
    'jest',
    'Test Suites: 1 failed, 1 passed, 2 total\nTests:       1 failed, 1 skipped, 3 passed, 5 total\nSnapshots:   0 total\n',
    [3, 1, 1],
  ],
  ['jest, nothing there', 'No tests found, exiting with code 0\n', [0, 0, 0]],
  ['mocha', '\n  3 passing (5ms)\n  1 pending\n  2 failing\n\n', [3, 2, 1]],
  [
    'node:test',
    'ℹ tests 4\nℹ suites 0\nℹ pass 2\nℹ fail 1\nℹ cancelled 0\nℹ skipped 1\nℹ todo 0\n',
    [2, 1, 1],
  ],
  [
    'node:test as TAP',
    'TAP version 13\nok 1 - a\n1..1\n# tests 1\n# suites 0\n# pass 1\n# fail 0\n# cancelled 0\n# skipped 0\n# todo 0\n',
    [1, 0, 0],
  ],
  ['node:test, nothing there', 'TAP version 13\n1..0\n# tests 0\n# pass 0\n# fail 0\n', [0, 0, 0]],
  [
    'pytest',
    '=========== 1 failed, 3 passed, 1 skipped, 2 warnings in 0.12s ===========\n',
    [3, 1, 1],
  ],
  ['pytest -q', '3 passed in 0.01s\n', [3, 0, 0]],
  ['pytest with errors', '==== 2 passed, 1 error in 1.00s ====\n', [2, 1, 0]],
  ['pytest, nothing there', '=== no tests ran in 0.00s ===\n', [0, 0, 0]],
  [
    'unittest',
    '..\n----\nRan 5 tests in 0.001s\n\nFAILED (failures=1, errors=1, skipped=1)\n',
    [2, 2, 1],
  ],
  ['unittest, all well', 'Ran 2 tests in 0.001s\n\nOK\n', [2, 0, 0]],
  [
    'cargo, several binaries',
    'test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.0s\n\ntest result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n',
    [4, 2, 1],
  ],
  [
    'go',
    'ok  \texample.com/a\t0.002s\nok  \texample.com/b\t(cached)\nFAIL\texample.com/c\t0.1s\n',
    [2, 1, 0],
  ],
  ['go, nothing there', 'ok  \texample.com/a\t0.002s [no tests to run]\n', [0, 0, 0]],
  ['rspec', '5 examples, 1 failure, 2 pending\n', [2, 1, 2]],
  ['phpunit', 'OK (3 tests, 5 assertions)\n', [3, 0, 0]],
  [
    'surefire',
    '[INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 s -- in A\n[ERROR] Tests run: 4, Failures: 1, Errors: 1, Skipped: 1\n',
    [1, 2, 1],
  ],
  [
    'dotnet',
    'Failed!  - Failed:     1, Passed:     3, Skipped:     2, Total:     6, Duration: 9 ms - a.dll (net9.0)\n',
    [3, 1, 2],
  ],
  ['ava', '  3 tests passed\n', [3, 0, 0]],
  ['nobody we know', 'everything is fine, 3 tests passed, 2 failing\n', undefined],
  ['words of a test', '    console.log: "1 failing" and Tests: 2 failed\n', undefined],
];

test.each(PRINTED)('what %s prints', (_, output, counts) => {
  expect(numbers(countsInText(output))).toEqual(counts);
});

describe('TAP', () => {
  test.each<[string, string, Numbers]>([
    [
      'results, skips and todos',
      '1..4\nok 1 - a\nnot ok 2 - b\nok 3 # SKIP no\nnot ok 4 # TODO later\n',
      [1, 1, 2],
    ],
    ['missing results', '1..3\nok 1\n', [1, 2, 0]],
    [
      'subtests count once',
      'TAP version 14\n    ok 1 - in\n    1..1\nok 1 - out\n1..1\n',
      [1, 0, 0],
    ],
    ['a bail out', '1..2\nok 1\nBail out! no disk\n', [1, 1, 0]],
    ['no plan', 'ok 1 - a\n', undefined],
  ])('%s', (_, text, counts) => {
    expect(numbers(countsInTap(text))).toEqual(counts);
  });
});

describe('JSON', () => {
  const go = (action: string, name?: string) =>
    JSON.stringify({ Action: action, Package: 'p', ...(name && { Test: name }) });
  test.each<[string, string, Numbers]>([
    [
      'jest and vitest',
      JSON.stringify({
        numPassedTests: 2,
        numFailedTests: 1,
        numPendingTests: 1,
        numTodoTests: 1,
        success: false,
      }),
      [2, 1, 2],
    ],
    [
      'a file that cannot be loaded',
      JSON.stringify({ numPassedTests: 2, numFailedTests: 0, success: false }),
      [2, 1, 0],
    ],
    [
      'mocha',
      JSON.stringify({
        stats: { passes: 3, failures: 1, pending: 2 },
        failures: [{ fullTitle: 'a b' }],
      }),
      [3, 1, 2],
    ],
    [
      'playwright',
      JSON.stringify({ stats: { expected: 3, unexpected: 1, flaky: 1, skipped: 0 } }),
      [4, 1, 0],
    ],
    [
      'pytest-json-report',
      JSON.stringify({ summary: { passed: 2, failed: 1, error: 1, total: 4 } }),
      [2, 2, 0],
    ],
    [
      'go test -json',
      [go('run', 'A'), go('pass', 'A'), go('fail', 'B'), go('skip', 'C'), go('fail')].join('\n'),
      [1, 1, 1],
    ],
    ['go: it cannot be built', [go('start'), go('fail')].join('\n'), [0, 1, 0]],
    ['something else', '{"a": 1}', undefined],
    ['no JSON', 'hello', undefined],
  ])('%s', (_, text, counts) => {
    expect(numbers(countsInJson(text))).toEqual(counts);
  });
});

describe('JUnit', () => {
  test.each<[string, string, Numbers]>([
    [
      'cases are counted',
      '<?xml version="1.0"?><testsuites><testsuite tests="4" failures="1"><testcase name="a"/><testcase name="b"><failure message="no"/></testcase><testcase name="c"><skipped/></testcase><testcase name="d"><error/></testcase></testsuite></testsuites>',
      [1, 2, 1],
    ],
    ['a suite alone', '<testsuite><testcase name="a"/></testsuite>', [1, 0, 0]],
    [
      'nested suites',
      '<testsuites><testsuite><testsuite><testcase name="a"/></testsuite><testcase name="b"/></testsuite></testsuites>',
      [2, 0, 0],
    ],
    [
      'a suite that says more failures than it shows',
      '<testsuite failures="2"><testcase name="a"/></testsuite>',
      [1, 2, 0],
    ],
    ['nothing inside', '<testsuites/>', [0, 0, 0]],
    ['another XML', '<project><a/></project>', undefined],
    ['no XML', 'hello <', undefined],
  ])('%s', async (_, text, counts) => {
    expect(numbers(await countsInJunit(text))).toEqual(counts);
  });

  test('names of failures, entities and character data are read', async () => {
    const text =
      '<testsuite><testcase name="a &lt;b&gt; &amp; c"><failure><![CDATA[<boom>]]></failure></testcase></testsuite>';
    expect((await countsInJunit(text))?.failures).toEqual(['a <b> & c']);
  });

  test('entities of its own are not expanded', async () => {
    const bomb =
      '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><testsuite><testcase name="&b;"/></testsuite>';
    expect(await parseXml(bomb)).toBeUndefined();
  });
});

function write(dir: string, name: string, text: string, ageMs = 0): void {
  const path = join(dir, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  const time = new Date(Date.now() - ageMs);
  utimesSync(path, time, time);
}

describe('reports in a directory', () => {
  const GREEN = '<testsuite><testcase name="a"/></testsuite>';
  const RED = '<testsuite><testcase name="a"><failure/></testcase></testsuite>';

  test('fresh ones count, older ones do not', async () => {
    const dir = scratch();
    const since = Date.now();
    write(dir, 'reports/junit.xml', GREEN, 60_000);
    expect(await readResults(dir, 'nothing', since)).toBeUndefined();
    write(dir, 'reports/junit.xml', GREEN);
    expect((await readResults(dir, 'nothing', since))?.counts).toMatchObject({
      passed: 1,
      source: 'reports/junit.xml',
    });
  });

  test('the worst source counts: a report cannot be outshone by what is printed', async () => {
    const dir = scratch();
    write(dir, 'junit.xml', RED);
    const results = await readResults(dir, '3 passed in 0.01s\n', Date.now() - 1000);
    expect(results?.counts).toMatchObject({ failed: 1, source: 'junit.xml' });
    expect(results?.failures).toEqual(['a']);
  });

  test('reports of installed packages are none of this project', async () => {
    const dir = scratch();
    write(dir, 'node_modules/x/junit.xml', RED);
    expect(await readResults(dir, '', Date.now() - 1000)).toBeUndefined();
  });
});

describe('coverage', () => {
  const LCOV = 'SF:a\nLF:10\nLH:9\nend_of_record\nSF:b\nLF:10\nLH:8\nend_of_record\n';
  const SUMMARY = JSON.stringify({ total: { lines: { total: 200, covered: 150, pct: 75 } } });
  test.each<[string, string, string, number | null]>([
    ['lcov', 'coverage/lcov.info', LCOV, 85],
    ['lcov without sums', 'lcov.info', 'DA:1,1\nDA:2,0\nDA:3,5\n', 66.66],
    ['istanbul', 'coverage/coverage-summary.json', SUMMARY, 75],
    [
      'cobertura',
      'coverage.xml',
      '<?xml version="1.0"?><coverage line-rate="0.5" lines-valid="8" lines-covered="6"><packages/></coverage>',
      75,
    ],
    [
      'cobertura with a rate alone',
      'out/cobertura-coverage.xml',
      '<coverage line-rate="0.5"/>',
      50,
    ],
    ['an empty one', 'lcov.info', '', null],
    ['a broken one', 'coverage.xml', '<coverage', null],
  ])('%s', async (_, name, text, percent) => {
    const dir = scratch();
    write(dir, name, text);
    expect((await readCoverage(dir, Date.now() - 1000)).percent).toBe(percent);
  });

  test('an older report is none', async () => {
    const dir = scratch();
    write(dir, 'lcov.info', LCOV, 60_000);
    expect(await readCoverage(dir, Date.now())).toEqual({ percent: null, source: 'none' });
  });
});
