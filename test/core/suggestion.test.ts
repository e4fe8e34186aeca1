import { expect, it } from 'vitest';
import { nearest, suggestion } from '../../src/core/suggestion.ts';

const KNOWN = ['poll-run', 'stop-run', 'wait'];

it.each([
  ['pol-run', 'poll-run'],
  ['POLL-RUN', 'poll-run'],
  ['stpo-run', 'stop-run'],
  ['wiat', 'wait'],
  ['entirely-else', undefined],
  ['x', undefined],
  ['p'.repeat(100_000), undefined],
])('%.20s is near to %s', (name, near) => {
  expect(nearest(name, KNOWN)).toBe(near);
});

it('names what there is where nothing is near, and not all of much', () => {
  expect(suggestion('pol-run', KNOWN)).toBe('Did you mean poll-run?');
  expect(suggestion('else', KNOWN)).toBe('There are: poll-run, stop-run, wait.');
  const many = Array.from({ length: 80 }, (_, at) => `name-${at}`);
  expect(suggestion('else', many)).toMatch(/name-11, … \(80 in all\)\.$/);
  expect(suggestion('else', [])).toBe('');
});
