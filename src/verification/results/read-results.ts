import type { Counts } from '../verification.ts';
import { countsInText } from './console.ts';
import { type Counted, sum } from './counts.ts';
import { countsInJson } from './json.ts';
import { countsInJunit } from './junit.ts';
import { freshFiles } from './report-files.ts';
import { countsInTap } from './tap.ts';

/** Where runners write their reports by default or by custom. */
const REPORTS = [
  '**/{junit,test,tests,report,results,TEST}*.xml',
  '**/{test-results,test-reports,surefire-reports,failsafe-reports,junit,reports}/**/*.xml',
  '**/*{test,results,report}*.json',
  '**/.report.json',
  '**/*.tap',
];

export type Results = { counts: Counts; failures: string[] };

/**
 * How many tests ran, by what a command printed and by the reports it wrote. They should agree; where
 * they do not, the one with the most failures counts, then the one with the most tests.
 */
export async function readResults(
  cwd: string,
  output: string,
  since: number,
): Promise<Results | undefined> {
  const sources: { source: string; counts: Counted }[] = [];
  const printed = countsInText(output);
  if (printed !== undefined) sources.push({ source: 'output', counts: printed });
  const byKind = new Map<string, { paths: string[]; all: Counted[] }>();
  for (const { path, text } of await freshFiles(cwd, REPORTS, since)) {
    const counts = await countsIn(path, text);
    if (counts === undefined) continue;
    const kind = path.slice(path.lastIndexOf('.'));
    const group = byKind.get(kind) ?? { paths: [], all: [] };
    group.paths.push(path);
    group.all.push(counts);
    byKind.set(kind, group);
  }
  for (const { paths, all } of byKind.values()) {
    sources.push({ source: paths.slice(0, 3).join(', '), counts: sum(all) });
  }
  const [worst] = sources.sort(
    (a, b) => b.counts.failed - a.counts.failed || b.counts.passed - a.counts.passed,
  );
  if (worst === undefined) return undefined;
  const { failures, ...counts } = worst.counts;
  return { counts: { ...counts, source: worst.source }, failures };
}

async function countsIn(path: string, text: string): Promise<Counted | undefined> {
  if (path.endsWith('.xml')) return countsInJunit(text);
  return path.endsWith('.tap') ? countsInTap(text) : countsInJson(text);
}
