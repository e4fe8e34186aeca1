import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BENCHMARKS } from './bench/benchmarks.ts';
import { alone, inTurns, mean, median, percentile, rowOf, table } from './bench/harness.ts';

const BENCH = fileURLToPath(new URL('bench/', import.meta.url));
const context = { samples: 9, signal: new AbortController().signal };

describe('the list of benchmarks', () => {
  it('names each once, says what it is, and can run it', () => {
    const names = BENCHMARKS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, about, run } of BENCHMARKS) {
      expect(name).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
      expect(about).not.toBe('');
      expect(run).toBeTypeOf('function');
    }
  });

  it('leaves none out', () => {
    const files = readdirSync(BENCH).filter((file) =>
      /^export const \w+: Benchmark\b/m.test(readFileSync(join(BENCH, file), 'utf8')),
    );
    expect(files.length).toBe(BENCHMARKS.length);
  });
});

describe('the statistics', () => {
  it('take no order for granted and leave the samples alone', () => {
    const samples = [5, 1, 4, 2, 3];
    expect([median(samples), mean(samples)]).toEqual([3, 3]);
    expect(samples).toEqual([5, 1, 4, 2, 3]);
  });

  it('lie between two samples where none is in the middle', () => {
    expect(median([1, 2, 3, 10])).toBe(2.5);
    expect(percentile([10, 20], 95)).toBeCloseTo(19.5);
    expect([0, 100].map((percent) => percentile([3, 1, 2], percent))).toEqual([1, 3]);
  });

  it('are the sample itself where there is only one, and nothing without any', () => {
    expect(percentile([7], 95)).toBe(7);
    expect(() => median([])).toThrow('no samples');
  });
});

describe('measuring in turns', () => {
  it('alternates, and does not count the rounds that warm up', async () => {
    const calls: string[] = [];
    const side = (name: string) => async () => calls.push(name);
    const both = await inTurns(context, side('ours'), side('reference'));
    expect(calls.slice(0, 4)).toEqual(['ours', 'reference', 'ours', 'reference']);
    expect(both.ours).toHaveLength(9);
    // Every call answers how many there were before: the first two rounds are four of them.
    expect([both.ours[0], both.reference[0]]).toEqual([5, 6]);
    expect(await alone(context, async () => 1)).toEqual(Array(9).fill(1));
  });

  it('stops between two rounds when it is interrupted', async () => {
    const interrupted = new AbortController();
    const work = async () => interrupted.abort();
    await expect(alone({ ...context, signal: interrupted.signal }, work)).rejects.toThrow();
  });
});

describe('a row', () => {
  it('compares medians with medians', () => {
    const row = rowOf({
      name: 'start',
      unit: 'ms',
      ours: [110, 100, 900],
      reference: [100, 90, 1],
      goal: { ratio: 1.3 },
    });
    expect(row).toMatchObject({ ours: 110, reference: 90, goal: '≤ 1.3×', met: true });
    expect(row.ratio).toBeCloseTo(1.222);
  });

  it('tells a missed goal', () => {
    const late = { name: 'wait', unit: 'ms', ours: [1, 2, 200] } as const;
    expect(rowOf({ ...late, percentile: 95, goal: { ours: 100 } }).met).toBe(false);
    expect(rowOf({ ...late, goal: { ours: 100 } }).met).toBe(true);
    expect(() => rowOf({ ...late, goal: { ratio: 1 } })).toThrow('needs a reference');
    expect(rowOf(late)).toMatchObject({ met: null, goal: null, ratio: null, reference: null });
  });

  it('knows how noisy it was', () => {
    expect(rowOf({ name: 'x', unit: 'ms', ours: [90, 95, 100, 105, 110] }).spread_percent).toBe(5);
  });
});

it('the table is aligned and says NO where a goal was missed', () => {
  const text = table([
    rowOf({ name: 'start', unit: 'ms', ours: [200, 200], reference: [100], goal: { ratio: 1.3 } }),
    rowOf({ name: 'size of a long name', unit: 'bytes', ours: [42] }),
  ]);
  expect(text).toMatchInlineSnapshot(`
    "measured                 ours    ±  reference  ratio    goal  met
    start                  200 ms  0 %     100 ms  2.00×  ≤ 1.3×   NO
    size of a long name  42 bytes"
  `);
});
