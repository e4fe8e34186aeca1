/** Below this, one busy moment of the machine decides a median. */
export const MIN_SAMPLES = 9;
const WARM_UP = 2;

/** What `ours` must not exceed: a multiple of the reference, or a figure. */
export type Goal = { ratio: number } | { ours: number };

/** One line of the table: everything that was measured for it, in order. */
export type Measurement = {
  name: string;
  unit: 'ms' | 'bytes' | 'MB/s' | 'lines' | 'lines/s';
  ours: readonly number[];
  /** The same, in the same unit, of what we compare ourselves with; measured in turns with ours. */
  reference?: readonly number[];
  /** Which of the samples counts. Default: the median. */
  percentile?: number;
  goal?: Goal;
};

export type BenchContext = {
  /** How many samples a median rests on. */
  samples: number;
  signal: AbortSignal;
};

export type Benchmark = {
  /** As in `--only`. */
  name: string;
  about: string;
  /** Why it cannot run on this machine, where it cannot. */
  unavailable?: () => string | undefined;
  run: (context: BenchContext) => Promise<Measurement[]>;
};

/** One line of the table, worked out. */
export type Row = {
  name: string;
  unit: string;
  samples: number;
  ours: number;
  /** Half the distance between the quartiles, in per cent of the median: how noisy it was. */
  spread_percent: number;
  reference: number | null;
  ratio: number | null;
  goal: string | null;
  met: boolean | null;
};

/**
 * Measures two sides in turns (ours, reference, ours, …), so that whatever else the machine does
 * falls on both. The first rounds warm caches up and do not count.
 */
export async function inTurns<A, B>(
  { samples, signal }: BenchContext,
  ours: () => Promise<A>,
  reference: () => Promise<B>,
): Promise<{ ours: A[]; reference: B[] }> {
  const results = { ours: [] as A[], reference: [] as B[] };
  for (let round = 0; round < WARM_UP + samples; round += 1) {
    signal.throwIfAborted();
    const pair = { ours: await ours(), reference: await reference() };
    if (round < WARM_UP) continue;
    results.ours.push(pair.ours);
    results.reference.push(pair.reference);
  }
  return results;
}

/** Measures one side alone, warmed up, for figures that have no counterpart. */
export async function alone<A>(context: BenchContext, ours: () => Promise<A>): Promise<A[]> {
  return (await inTurns(context, ours, async () => undefined)).ours;
}

/** How long some work takes, in milliseconds. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** By linear interpolation between the two nearest samples. */
export function percentile(values: readonly number[], percent: number): number {
  if (values.length === 0) throw new Error('no samples');
  const sorted = [...values].sort((a, b) => a - b);
  const place = (percent / 100) * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? 0;
  return below + (above - below) * (place - Math.floor(place));
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function rowOf(measurement: Measurement): Row {
  const { name, unit, goal, percentile: which = 50 } = measurement;
  const ours = percentile(measurement.ours, which);
  const reference = measurement.reference && percentile(measurement.reference, which);
  const ratio = reference === undefined ? null : ours / reference;
  const middle = median(measurement.ours);
  const quartiles = percentile(measurement.ours, 75) - percentile(measurement.ours, 25);
  return {
    name,
    unit,
    samples: measurement.ours.length,
    ours,
    spread_percent: middle === 0 ? 0 : (50 * quartiles) / middle,
    reference: reference ?? null,
    ratio,
    goal: goal === undefined ? null : goalText(goal, unit),
    met: goal === undefined ? null : isMet(goal, ours, ratio),
  };
}

function goalText(goal: Goal, unit: string): string {
  return 'ratio' in goal ? `≤ ${goal.ratio}×` : `≤ ${goal.ours} ${unit}`;
}

function isMet(goal: Goal, ours: number, ratio: number | null): boolean {
  if ('ours' in goal) return ours <= goal.ours;
  if (ratio === null) throw new Error('a goal for the ratio needs a reference');
  return ratio <= goal.ratio;
}

const HEAD = ['measured', 'ours', '±', 'reference', 'ratio', 'goal', 'met'];

/** The rows as a table with aligned columns. */
export function table(rows: readonly Row[]): string {
  const cells = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cellsOf(row: Row): string[] {
  return [
    row.name,
    `${figure(row.ours)} ${row.unit}`,
    row.samples > 1 ? `${row.spread_percent.toFixed(0)} %` : '',
    row.reference === null ? '' : `${figure(row.reference)} ${row.unit}`,
    row.ratio === null ? '' : `${row.ratio.toFixed(2)}×`,
    row.goal ?? '',
    row.met === null ? '' : row.met ? 'yes' : 'NO',
  ];
}

/** Three significant digits, and all of a whole number. */
function figure(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return value.toFixed(0);
  return value.toPrecision(3);
}
