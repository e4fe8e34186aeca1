import { isObject, numberAt, objectAt, parseJson } from '../../core/json.ts';
import { parseXml } from './junit.ts';
import { freshFiles } from './report-files.ts';

/** Per cent of the lines, and the report that says so. */
export type Coverage = { percent: number | null; source: string };

type Reader = { patterns: string[]; read: (text: string) => Promise<Lines | undefined> };
/** Lines that could be and were covered; a share alone weighs like one line. */
type Lines = { found: number; hit: number };

const READERS: readonly Reader[] = [
  { patterns: ['**/lcov.info', '**/*.lcov'], read: async (text) => ofLcov(text) },
  { patterns: ['**/coverage-summary.json'], read: async (text) => ofSummary(text) },
  { patterns: ['**/{coverage,cobertura}*.xml'], read: ofCobertura },
];

/** Line coverage by the reports written since a moment; null where none was. */
export async function readCoverage(cwd: string, since: number): Promise<Coverage> {
  for (const { patterns, read } of READERS) {
    const lines: Lines[] = [];
    const sources: string[] = [];
    for (const { path, text } of await freshFiles(cwd, patterns, since)) {
      const one = await read(text);
      if (one === undefined) continue;
      lines.push(one);
      sources.push(path);
    }
    const found = lines.reduce((sum, one) => sum + one.found, 0);
    if (found === 0) continue;
    const hit = lines.reduce((sum, one) => sum + one.hit, 0);
    const percent = Math.floor((10_000 * hit) / found) / 100;
    return { percent, source: sources.slice(0, 3).join(', ') };
  }
  return { percent: null, source: 'none' };
}

function ofLcov(text: string): Lines | undefined {
  const total = (key: string) =>
    [...text.matchAll(new RegExp(`^${key}:(\\d+)`, 'gm'))].reduce(
      (sum, match) => sum + Number(match[1]),
      0,
    );
  const found = total('LF');
  if (found > 0) return { found, hit: total('LH') };
  const lines = [...text.matchAll(/^DA:\d+,(\d+)/gm)];
  if (lines.length === 0) return undefined;
  return { found: lines.length, hit: lines.filter((match) => match[1] !== '0').length };
}

function ofSummary(text: string): Lines | undefined {
  const lines = objectAt(objectAt(parseJson(text), 'total'), 'lines');
  const [found, hit] = [numberAt(lines, 'total'), numberAt(lines, 'covered')];
  return found === undefined || hit === undefined ? undefined : { found, hit };
}

async function ofCobertura(text: string): Promise<Lines | undefined> {
  const document = await parseXml(text);
  const root = isObject(document) ? document.coverage : undefined;
  if (!isObject(root)) return undefined;
  const valid = Number(root['lines-valid']);
  if (valid > 0) return { found: valid, hit: Number(root['lines-covered'] ?? 0) };
  const rate = Number(root['line-rate'] ?? Number.NaN);
  return Number.isFinite(rate) ? { found: 1, hit: rate } : undefined;
}
