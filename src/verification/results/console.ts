import { neutralise } from '../../core/text.ts';
import { type Counted, counted, sum } from './counts.ts';
import { countsInJson } from './json.ts';
import { countsInTap } from './tap.ts';

/** One summary line of a runner, with the names of its groups; `n` is a number, `what` says of what. */
type Summary = { line: RegExp; read: (groups: Readonly<Record<string, string>>) => Counted };

const number = (text: string | undefined) => Number(text ?? 0);

/** `3 passed, 1 failed` in any order, with the words of several runners. */
function listed(text: string): Counted {
  let [passed, failed, skipped] = [0, 0, 0];
  for (const [, count, word = ''] of text.matchAll(/(\d+) ([a-z]+)/g)) {
    if (/^(?:passed|passing|xpassed)$/.test(word)) passed += Number(count);
    else if (/^(?:failed|failing|errors?|failures?)$/.test(word)) failed += Number(count);
    else if (/^(?:skipped|todo|pending|xfailed|ignored)$/.test(word)) skipped += Number(count);
  }
  return counted(passed, failed, skipped);
}

/**
 * How runners sum up on a terminal. Whole lines only: what a test prints beside them must not be taken
 * for a result. Formats as of vitest 4, jest 30, mocha 11, pytest 8, unittest, cargo 1.8x, go 1.2x,
 * rspec 3, phpunit 11, dotnet 9, surefire 3, ava 6.
 */
const SUMMARIES: readonly Summary[] = [
  // vitest `Tests  1 failed | 3 passed (4)`, jest `Tests:  1 failed, 3 passed, 4 total`
  {
    line: /^ *Tests:? {2,}(?<all>(?:\d+ [a-z]+(?:[,|] ?| \| )?)+.*)$/gm,
    read: ({ all = '' }) => listed(all),
  },
  { line: /^No test(?: file)?s found[,.]?.*$/gm, read: () => counted(0, 0, 0) },
  // mocha
  {
    line: /^ {2}(?<all>\d+ (?:passing|failing|pending))(?: \([\d.]+m?s\))?$/gm,
    read: ({ all = '' }) => listed(all),
  },
  // pytest
  {
    line: /^(?:=+ )?(?<all>(?:\d+ (?:passed|failed|skipped|errors?|xfailed|xpassed|deselected|warnings?)(?:, )?)+) in [\d.]+s.*$/gm,
    read: ({ all = '' }) => listed(all),
  },
  { line: /^(?:=+ )?no tests ran in [\d.]+s.*$/gm, read: () => counted(0, 0, 0) },
  // unittest
  {
    line: /^Ran (?<n>\d+) tests? in [\d.]+s\n+(?:OK|FAILED|NO TESTS RAN)(?: \((?<all>[^)]*)\))?$/gm,
    read: ({ n, all = '' }) => {
      const of = (word: string) => number(new RegExp(`\\b${word}=(\\d+)`).exec(all)?.[1]);
      const [failed, skipped] = [of('failures') + of('errors'), of('skipped')];
      return counted(Math.max(0, number(n) - failed - skipped), failed, skipped);
    },
  },
  // cargo
  {
    line: /^test result: \w+\. (?<p>\d+) passed; (?<f>\d+) failed; (?<i>\d+) ignored;.*$/gm,
    read: ({ p, f, i }) => counted(number(p), number(f), number(i)),
  },
  // go, by package
  {
    line: /^ok {2}\t\S+\t(?:[\d.]+s|\(cached\))(?!.*\[no tests to run\]).*$/gm,
    read: () => counted(1, 0, 0),
  },
  {
    line: /^(?:\?? {3}\t\S+\t\[no test files\]|ok .*\[no tests to run\])$/gm,
    read: () => counted(0, 0, 0),
  },
  { line: /^FAIL\t\S+(?:\t[\d.]+s| \[.*\])$/gm, read: () => counted(0, 1, 0) },
  // rspec
  {
    line: /^(?<n>\d+) examples?, (?<f>\d+) failures?(?:, (?<p>\d+) pending)?.*$/gm,
    read: ({ n, f, p }) => counted(number(n) - number(f) - number(p), number(f), number(p)),
  },
  // phpunit
  {
    line: /^OK \((?<n>\d+) tests?, \d+ assertions?\)$/gm,
    read: ({ n }) => counted(number(n), 0, 0),
  },
  // surefire; the sum, not the lines of single classes
  {
    line: /^\[(?:INFO|ERROR|WARNING)\] Tests run: (?<n>\d+), Failures: (?<f>\d+), Errors: (?<e>\d+), Skipped: (?<s>\d+)$/gm,
    read: ({ n, f, e, s }) => {
      const failed = number(f) + number(e);
      return counted(number(n) - failed - number(s), failed, number(s));
    },
  },
  // dotnet
  {
    line: /^(?:Passed|Failed)! +- Failed: +(?<f>\d+), Passed: +(?<p>\d+), Skipped: +(?<s>\d+),.*$/gm,
    read: ({ f, p, s }) => counted(number(p), number(f), number(s)),
  },
  // ava
  {
    line: /^ {2}(?<n>\d+) tests? (?<word>passed|failed)$/gm,
    read: ({ n, word }) => listed(`${n} ${word}`),
  },
];

/** node:test, in either of its forms: one line for each number. */
function nodeTest(text: string): Counted | undefined {
  const numbers = new Map<string, number>();
  for (const [, name = '', count] of text.matchAll(
    /^(?:ℹ|#) (tests|pass|fail|cancelled|skipped|todo) (\d+)$/gm,
  )) {
    numbers.set(name, (numbers.get(name) ?? 0) + Number(count));
  }
  if (!numbers.has('tests') || !numbers.has('pass')) return undefined;
  const of = (name: string) => numbers.get(name) ?? 0;
  return counted(of('pass'), of('fail') + of('cancelled'), of('skipped') + of('todo'));
}

/** What a command printed, as counts; undefined where no runner we know has summed up. */
export function countsInText(output: string): Counted | undefined {
  const text = neutralise(output);
  const structured = nodeTest(text) ?? countsInJson(text) ?? countsInTap(text);
  if (structured !== undefined) return structured;
  const found = SUMMARIES.flatMap(({ line, read }) =>
    [...text.matchAll(line)].map((match) => read(match.groups ?? {})),
  );
  return found.length === 0 ? undefined : sum(found);
}
