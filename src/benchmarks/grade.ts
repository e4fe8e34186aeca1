import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isObject } from '../core/json.ts';
import { oneLine } from '../core/text.ts';
import type { BenchmarkTask, CheckSpec } from '../routing/benchmark-task.ts';
import type { CheckResult } from '../routing/benchmarks.ts';
import { checkFields, checkFormat, equalAnswers } from './check-answer.ts';
import { checkIntact, checkScope } from './check-files.ts';
import { checkFindings } from './check-findings.ts';
import { checkScript } from './check-script.ts';
import { filesIn } from './files.ts';
import type { Answer, Found, Grading } from './grading.ts';
import { layOut } from './scratch-project.ts';

export type Grade = {
  /** 0 to 1; null where the answer says nothing about the model. */
  score: number | null;
  /** Every check holds. */
  solved: boolean | null;
  unknown?: string;
  checks: CheckResult[];
};

/** Judges an answer by its files and its structured output alone; the same answer always gets the same. */
export async function gradeAnswer(
  task: BenchmarkTask,
  answer: Answer,
  signal: AbortSignal,
): Promise<Grade> {
  const unknown = cannotTell(task, answer.output);
  if (unknown !== undefined) return { score: null, solved: null, unknown, checks: [] };
  const scratch = await realpath(await mkdtemp(join(tmpdir(), 'cc-grade-')));
  try {
    const original = join(scratch, 'original');
    await layOut(task, original);
    const [before, after] = await Promise.all([filesIn(original), filesIn(answer.dir)]);
    const grading = { task, answer, before, after, original, scratch, signal };
    const checks: CheckResult[] = [];
    for (const spec of task.checks) checks.push(await resultOf(spec, grading));
    const solved = checks.every(({ passed }) => passed);
    return { score: scoreOf(task.checks, checks, solved), solved, checks };
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function resultOf(spec: CheckSpec, grading: Grading): Promise<CheckResult> {
  const { value, detail } = await find(spec, grading);
  const least = 'least' in spec ? spec.least : 1;
  return {
    name: spec.name,
    value: Math.round(value * 1000) / 1000,
    passed: value >= least,
    detail: oneLine(detail, 300),
  };
}

function find(spec: CheckSpec, grading: Grading): Found | Promise<Found> {
  switch (spec.kind) {
    case 'scope':
      return checkScope(spec, grading);
    case 'intact':
      return checkIntact(spec, grading);
    case 'script':
      return checkScript(spec, grading);
    case 'format':
      return checkFormat(grading);
    case 'fields':
      return checkFields(spec, grading);
    case 'findings':
      return checkFindings(spec, grading);
  }
}

/** An answer that does not hold is worth half of its parts at most, however many of them are right. */
const UNSOLVED = 0.5;

function scoreOf(
  specs: readonly CheckSpec[],
  results: readonly CheckResult[],
  solved: boolean,
): number {
  let [sum, weights] = [0, 0];
  for (const [index, spec] of specs.entries()) {
    const result = results[index];
    if (result === undefined) continue;
    if (spec.gate && !result.passed) return 0;
    if (spec.gate) continue;
    sum += spec.weight * result.value;
    weights += spec.weight;
  }
  const share = weights === 0 ? Number(solved) : sum / weights;
  return Math.round(share * (solved ? 1 : UNSOLVED) * 1000) / 1000;
}

function cannotTell({ unknown_if: rule }: BenchmarkTask, output: unknown): string | undefined {
  if (rule === undefined || !isObject(output)) return undefined;
  if (!equalAnswers(rule.equals, output[rule.field])) return undefined;
  return `the model says that it could not (${rule.field}: ${String(rule.equals)})`;
}
