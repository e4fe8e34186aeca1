// npm run bench -- [--only name]… [--samples n] [--json]
// Everything shown is measured in this run. A missed goal is told and is no failure.
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { BENCHMARKS } from './benchmarks.ts';
import {
  type BenchContext,
  type Benchmark,
  MIN_SAMPLES,
  type Row,
  rowOf,
  table,
} from './harness.ts';

const USAGE = `usage: npm run bench -- [--only <name>]… [--samples <n>] [--json]
  --only     ${BENCHMARKS.map(({ name }) => name).join(', ')}
  --samples  per median, at least ${MIN_SAMPLES} (the default)
`;

type Report = { rows: Row[]; skipped: string[]; broken: string[] };

async function main(args: readonly string[]): Promise<number> {
  const options = parse(args);
  if (options === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  const machine = {
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    cpus: availableParallelism(),
    load_before: loadavg()[0],
  };
  const report = await measure(options.chosen, {
    samples: options.samples,
    signal: interrupted.signal,
  });
  const result = { ...machine, load_after: loadavg()[0], samples: options.samples, ...report };
  process.stdout.write(options.json ? `${JSON.stringify(result, null, 2)}\n` : shown(result));
  return report.broken.length > 0 ? 1 : 0;
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', multiple: true },
        samples: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const samples = Number(values.samples ?? MIN_SAMPLES);
    const { only } = values;
    const chosen = BENCHMARKS.filter(({ name }) => only?.includes(name) ?? true);
    const isKnown = only === undefined || chosen.length === new Set(only).size;
    if (!isKnown || !Number.isInteger(samples) || samples < MIN_SAMPLES) return undefined;
    return { chosen, samples, json: values.json };
  } catch {
    return undefined;
  }
}

async function measure(chosen: readonly Benchmark[], context: BenchContext): Promise<Report> {
  const report: Report = { rows: [], skipped: [], broken: [] };
  for (const { name, about, unavailable, run } of chosen) {
    const missing = unavailable?.();
    if (missing !== undefined) {
      report.skipped.push(`${name}: ${missing}`);
      continue;
    }
    process.stderr.write(`${name}: ${about}\n`);
    try {
      report.rows.push(...(await run(context)).map(rowOf));
    } catch (error) {
      report.broken.push(`${name}: ${context.signal.aborted ? 'interrupted' : String(error)}`);
    }
    if (context.signal.aborted) break;
  }
  return report;
}

function shown(result: Report & { [key: string]: unknown }): string {
  const { rows, skipped, broken } = result;
  const goals = rows.filter(({ met }) => met !== null);
  const missed = goals.filter(({ met }) => met === false);
  return [
    '',
    table(rows),
    '',
    `Node ${result.node}, ${result.platform}, ${result.cpus} CPUs, load ${load(result.load_before)} before and ${load(result.load_after)} after.`,
    `Medians of ${result.samples} samples or more, both sides in turns; ± is half the distance of the quartiles.`,
    ...skipped.map((text) => `Skipped: ${text}.`),
    ...broken.map((text) => `BROKEN: ${text}`),
    missed.length === 0
      ? `No goal was missed of the ${goals.length} that were measured.`
      : `${missed.length} of ${goals.length} goals MISSED: ${missed.map(({ name }) => name).join('; ')}.`,
    '',
  ].join('\n');
}

function load(value: unknown): string {
  return Number(value).toFixed(1);
}

process.exitCode = await main(process.argv.slice(2));
