import * as z from 'zod';
import { arrayAt } from '../core/json.ts';
import type { CheckSpec, Planted } from '../routing/benchmark-task.ts';
import type { Found, Grading } from './grading.ts';

const finding = z.object({
  file: z.string(),
  start_line: z.number(),
  end_line: z.number(),
  kind: z.string(),
});
type Finding = z.infer<typeof finding>;

/** Lines a finding may begin or end beside the defect, and may be longer than it. */
const BESIDE = 2;
const LONGER = 12;

/** What was found, what was missed, and what is not there. */
export type Comparison = {
  found: Planted[];
  missed: Planted[];
  /** Findings that are none; another one of the same defect is not among them. */
  wrong: Finding[];
  decoysHit: Planted[];
};

export function checkFindings(
  spec: Extract<CheckSpec, { kind: 'findings' }>,
  { task, answer }: Grading,
): Found {
  const { planted = [], decoys = [] } = task.findings ?? {};
  const findings = arrayAt(answer.output, 'findings').flatMap(
    (item) => finding.safeParse(item).data ?? [],
  );
  const { found, missed, wrong, decoysHit } = compareFindings(findings, planted, decoys);
  switch (spec.measure) {
    case 'recall':
      return {
        value: found.length / Math.max(1, planted.length),
        detail: listed('missed', missed.map(placeOf)),
      };
    case 'precision':
      return {
        // Whoever reports nothing was not precise, but silent.
        value: found.length / Math.max(1, found.length + wrong.length),
        detail: listed(
          'not there',
          wrong.map((item) => `${item.kind} ${item.file}:${item.start_line}`),
        ),
      };
    case 'decoys':
      return {
        value: 1 - decoysHit.length / Math.max(1, decoys.length),
        detail: listed('harmless', decoysHit.map(placeOf)),
      };
  }
}

function compareFindings(
  findings: readonly Finding[],
  planted: readonly Planted[],
  decoys: readonly Planted[],
): Comparison {
  const isFound = (item: Finding, defect: Planted) => isOf(item, defect, decoys);
  const found = planted.filter((defect) => findings.some((item) => isFound(item, defect)));
  const wrong = findings.filter((item) => !planted.some((defect) => isFound(item, defect)));
  return {
    found,
    missed: planted.filter((defect) => !found.includes(defect)),
    wrong,
    decoysHit: decoys.filter((decoy) => wrong.some((item) => isThere(item, decoy, 0))),
  };
}

/** Beside a defect there may be something that only looks like one; whoever points at that, means that. */
function isOf(item: Finding, defect: Planted, decoys: readonly Planted[]): boolean {
  if (!defect.kinds.includes(item.kind.trim().toLowerCase())) return false;
  if (isThere(item, defect, 0)) return true;
  return isThere(item, defect, BESIDE) && !decoys.some((decoy) => isThere(item, decoy, 0));
}

/** The same lines, give or take; a finding that spans half the file points at nothing. */
function isThere(item: Finding, { file, lines }: Planted, beside: number): boolean {
  const [start, end] = lines;
  if (!isFile(item.file, file) || item.end_line < item.start_line) return false;
  const isNarrow = item.end_line - item.start_line <= end - start + LONGER;
  return isNarrow && item.start_line <= end + beside && item.end_line >= start - beside;
}

/** Models also give `./` in front, or the whole path of the project. */
function isFile(given: string, wanted: string): boolean {
  const path = given.replaceAll('\\', '/').replace(/^\.\//, '');
  return path === wanted || (path.startsWith('/') && path.endsWith(`/${wanted}`));
}

function placeOf({ file, lines, kinds }: Planted): string {
  return `${kinds[0]} ${file}:${lines[0]}`;
}

function listed(what: string, items: readonly string[]): string {
  return items.length === 0 ? 'as it should be' : `${what}: ${items.slice(0, 4).join(', ')}`;
}
