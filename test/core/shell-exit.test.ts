import { expect, test } from 'vitest';
import { exitCodeHiddenBy } from '../../src/core/shell-exit.ts';

test.each([
  ['npm test | tee log', 'tee log'],
  ['npm test 2>&1 | tail -20', 'tail -20'],
  ['npm test |& tail', 'tail'],
  ['(cd a && npm test | head -5)', 'head -5'],
  ['npm test || true', 'true'],
  ['npm test || :', ':'],
  ['npm test || echo "it failed"', 'echo "it failed"'],
  ['npm test; echo done', 'echo done'],
  ['npm test; exit 0', 'exit 0'],
  ['npm test\necho done\n', 'echo done'],
  ['npm test | tail -3 && echo ok', 'tail -3'],
  ['npm test &', '&'],
  ['set -e; npm test | tail -3; echo ok', 'tail -3'],
  ['set -e\nnpm test || true', 'true'],
  ['echo $(date); npm test | cat', 'cat'],
])('%j ends with %j', (line, hidden) => {
  expect(exitCodeHiddenBy(line)).toBe(hidden);
});

test.each([
  'npm test',
  'npm test > log 2>&1',
  'npm test &> log',
  'npm run build && npm test',
  'npm test && echo ok',
  'cd a; npm test',
  'npm test;',
  'echo y | npm test',
  'node tool.js | grep -q ok',
  'npm test -- --grep "a | tail"',
  "node -e 'x || true'",
  'node a\\|tail',
  'npm test || exit 1',
  'set -o pipefail; npm test | tee log',
  'set -e; npm test; echo done',
  'set -eu\nnpm test\necho done',
  'test $(git status --porcelain | wc -l) -eq 0',
  'test `git status --porcelain | wc -l` -eq 0',
  'diff <(sort a | uniq) b',
  "npm test | awk '/fail/ { f = 1 } END { exit f }'",
  "npm test | sed '/fail/q1'",
  'ls | sort -c',
  '',
  '|',
  'echo a',
])('%j ends with the exit code of what it is for', (line) => {
  expect(exitCodeHiddenBy(line)).toBeUndefined();
});

test('a long line takes no long time', () => {
  const line = '"'.repeat(50_000) + '\\'.repeat(50_000) + '|tail'.repeat(10_000);
  const begin = performance.now();
  exitCodeHiddenBy(line);
  expect(performance.now() - begin).toBeLessThan(5000);
});
