import { isoTime } from '../core/clock.ts';
import { objectAt } from '../core/json.ts';
import type { FailureClass } from '../core/vocabulary.ts';
import type { BenchmarkTask } from '../routing/benchmark-task.ts';
import type { BenchmarkLine } from '../routing/benchmarks.ts';
import type { RunRecord } from '../runs/record.ts';
import { readJson } from '../store/atomic.ts';
import type { Host } from '../workspace/host.ts';
import { runPaths } from '../workspace/layout.ts';
import type { Place } from '../workspace/resolve.ts';
import type { Batch, Trial } from './batch.ts';
import { type Grade, gradeAnswer } from './grade.ts';

/** Endings that are the model's own doing. All others say something about the provider or the machine. */
const JUDGED: ReadonlySet<FailureClass> = new Set([
  'success',
  'timeout',
  'stopped_limit',
  'context_overflow',
  'invalid_output',
  'permission_denied',
]);

/** The result of a run that has ended: graded by what it left, or unknown and why. */
export async function resultLine(
  host: Host,
  batch: Batch,
  trial: Trial,
  task: BenchmarkTask | undefined,
  { record, place }: { record: RunRecord; place: Place },
  signal: AbortSignal,
): Promise<BenchmarkLine> {
  const reason = unknownFor(record, trial, task);
  const grade: Grade =
    reason !== undefined || task === undefined
      ? { score: null, solved: null, unknown: reason ?? 'the task is gone', checks: [] }
      : await gradeAnswer(task, { dir: place.cwd, output: await outputOf(place, record) }, signal);
  const tokens = record.outcome?.usage.tokens;
  return {
    ...nothingKnown(host, batch, trial, task, ''),
    ...grade,
    unknown: grade.unknown,
    run_id: record.run_id,
    actual: Object.keys(record.outcome?.usage.by_model ?? {}),
    state: record.state,
    failure: record.outcome?.failure.class ?? 'unknown',
    tokens: {
      input: (tokens?.input ?? 0) + (tokens?.cache_write ?? 0),
      output: tokens?.output ?? 0,
      cached: tokens?.cache_read ?? 0,
    },
    usd: record.outcome?.usage.usd ?? null,
    elapsed_ms: record.elapsed_ms ?? 0,
  };
}

/** Of a trial that could not be run at all. */
export function nothingKnown(
  { clock }: Host,
  batch: Batch,
  trial: Trial,
  task: BenchmarkTask | undefined,
  why: string,
): BenchmarkLine {
  return {
    time: isoTime(clock.now()),
    benchmark: batch.benchmark,
    run_id: '',
    task: trial.task,
    version: trial.version,
    suite: task?.suite ?? 'code',
    profile: trial.profile,
    model: trial.model,
    actual: [],
    score: null,
    solved: null,
    unknown: why,
    checks: [],
    state: 'failed',
    failure: 'launch_environment',
    tokens: { input: 0, output: 0, cached: 0 },
    usd: null,
    elapsed_ms: 0,
  };
}

function unknownFor(
  { outcome }: RunRecord,
  trial: Trial,
  task: BenchmarkTask | undefined,
): string | undefined {
  if (task?.version !== trial.version) return 'the task has changed since it began';
  if (outcome === undefined) return 'how it ended is not known';
  if (outcome.route_mismatch !== undefined) {
    return `another model answered: ${outcome.route_mismatch.actual.join(', ')}`;
  }
  const { class: failure, evidence } = outcome.failure;
  return JUDGED.has(failure) ? undefined : `${failure}: ${evidence[0] ?? 'no evidence'}`;
}

async function outputOf(place: Place, record: RunRecord): Promise<unknown> {
  const { output } = runPaths(place.workspace, record.run_id);
  return objectAt(await readJson(output).catch(() => undefined), 'output');
}
