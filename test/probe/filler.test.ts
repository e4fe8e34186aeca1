import { expect, test } from 'vitest';
import { fillerText } from '../../src/probe/filler.ts';
import { longTask } from '../../src/probe/tasks.ts';

test('text has the words asked for, four bytes each, and the needles in their places', () => {
  const text = fillerText(8000, [
    { at: 0.5, line: 'MIDDLE' },
    { at: 0.05, line: 'EARLY' },
  ]);
  expect(text.split(/\s+/)).toHaveLength(8002);
  expect(text.length / 8000).toBeCloseTo(4, 1);
  expect(text.indexOf('EARLY') / text.length).toBeCloseTo(0.05, 1);
  expect(text.indexOf('MIDDLE') / text.length).toBeCloseTo(0.5, 1);
  // Neighbouring lines differ, or the text would be easier to keep in mind than any real one.
  expect(new Set(text.split('\n')).size).toBeGreaterThan(990);
});

test('no two tests have the same code words', () => {
  const [a, b] = [longTask(1000), longTask(1000)];
  expect(a.expected).not.toEqual(b.expected);
  for (const word of Object.values(a.expected)) expect(a.prompt('/w')).toContain(word);
});
