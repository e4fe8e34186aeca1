import { describe, expect, it } from 'vitest';
import { estimateDifficulty, type TaskFacts } from '../../src/routing/difficulty.ts';
import { cpuMs } from '../support/cpu-time.ts';

describe('the estimate of a task', () => {
  it.each<[string, string, Partial<TaskFacts>?]>([
    ['simple', 'Fix the typo in README.md.'],
    ['simple', 'List the exported functions of src/core/json.ts.'],
    ['simple', 'Rename `foo` to `bar` in src/a.ts'],
    ['simple', '修正 README 里的错别字'],
    ['medium', 'Look.'],
    ['medium', 'Add a --json flag to the status command and test it.'],
    ['medium', 'Implement the parser for the new header.'],
    ['medium', 'Review src/runs for mistakes.'],
    ['complex', 'Refactor the scheduler and find the race condition in its shutdown.'],
    ['complex', '重构调度器并修复并发死锁'],
    ['complex', 'Migrate the store, keep it backwards compatible.', { role: 'architecture' }],
    [
      'complex',
      [
        'Do all of this:',
        '1. a',
        '2. b',
        '3. c',
        '4. d',
        '5. e',
        'in src/a.ts src/b.ts src/c.ts src/d.ts src/e.ts',
      ].join('\n'),
    ],
    ['medium', 'Rename the algorithm module.'],
    ['medium', ''],
  ])('%s: %s', (expected, task, more) => {
    const { difficulty, why } = estimateDifficulty({ task, ...more });
    expect(difficulty).toBe(expected);
    if (expected !== 'medium') expect(why).not.toBe('');
  });

  it('takes a wide scope and a hard role for more work', () => {
    const task = 'Optimise the hot loop; its performance matters.'.replace('Optimise', 'Improve');
    expect(estimateDifficulty({ task }).difficulty).toBe('medium');
    const paths = ['a/**', 'b/**', 'c/**', 'd/**', 'e/**'];
    expect(estimateDifficulty({ task, paths }).difficulty).toBe('complex');
    expect(estimateDifficulty({ task, role: 'security' }).difficulty).toBe('complex');
  });

  it('is quick with whatever is sent', () => {
    const ms = cpuMs(() => {
      for (const part of ['a', 'a/', 'a-', 'a.', '- ', '中', '1.\n', ' ', '\n', '\r', '\u2028']) {
        estimateDifficulty({ task: part.repeat(2_000_000 / part.length) });
      }
    });
    expect(ms).toBeLessThan(2000);
  });
});
