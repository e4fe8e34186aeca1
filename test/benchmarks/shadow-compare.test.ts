import { expect, it } from 'vitest';
import { compareAnswers } from '../../src/benchmarks/shadow-compare.ts';

const text = (words: string) => ({ output: undefined, text: words });
const output = (value: unknown) => ({ output: value, text: '' });

it.each([
  ['the same places', 'a/b.ts:10 and c.ts', 'In c.ts, and in ./a/b.ts:12!', 1],
  ['one file of two', 'See a.ts and b.ts.', 'See a.ts.', 0.667],
  ['the same file, another place', 'a.ts:10', 'a.ts:400', 0.5],
  ['nothing in common', 'a.ts', 'All is well.', 0],
])('%s', (_, wanted, given, agreement) => {
  expect(compareAnswers(text(wanted), text(given))).toMatchObject({
    agreement,
    compared: 'citations',
  });
});

it('prose without places is not compared', () => {
  expect(compareAnswers(text('It is fine.'), text('It is fine.'))).toMatchObject({
    agreement: null,
    compared: 'nothing',
  });
});

it('structured answers are compared value by value, whatever their order and their prose', () => {
  const wanted = {
    verdict: 'accept',
    lines: [1, 2],
    why: 'because all of its tests are green now',
  };
  const same = { lines: [2, 1], why: 'there is nothing to be said against it', verdict: 'Accept' };
  expect(compareAnswers(output(wanted), output(same))).toMatchObject({ agreement: 1 });
  const other = { verdict: 'reject', lines: [1, 3] };
  expect(compareAnswers(output(wanted), output(other))).toMatchObject({
    agreement: 0.333,
    compared: 'output',
  });
  expect(compareAnswers(output(wanted), output(undefined))).toMatchObject({ agreement: 0 });
});

it('does not take long for a long answer without an end', () => {
  const long = 'a/'.repeat(200_000);
  const before = performance.now();
  compareAnswers(text(`x.ts ${long}`), text(long));
  expect(performance.now() - before).toBeLessThan(10_000);
});
