import { sleep } from '../core/clock.ts';
import { CcError, toErrorFacts } from '../core/errors.ts';
import type { BenchmarkTask } from '../routing/benchmark-task.ts';
import { listTasks } from '../routing/benchmark-tasks.ts';
import { BENCHMARK_LOG, type BenchmarkLine } from '../routing/benchmarks.ts';
import { addEvidence } from '../routing/evidence-log.ts';
import type { FoundRun } from '../runs/find.ts';
import { launchRun } from '../runs/launch.ts';
import { waitForRuns } from '../runs/wait.ts';
import type { Host } from '../workspace/host.ts';
import { runPaths } from '../workspace/layout.ts';
import { readPolicy } from '../workspace/policy.ts';
import { type Batch, keyOf, prepareProject, settle, stateOf, type TrialState } from './batch.ts';
import { nothingKnown, resultLine } from './result-line.ts';

export type Driven = {
  results: BenchmarkLine[];
  running: string[];
  /** Not started yet. */
  waiting: number;
};

export type DriveOptions = {
  timeoutMs: number;
  signal: AbortSignal;
  progress: (message: string) => void;
};

/** Between two looks at what has ended. */
const LOOK_MS = 2000;

/**
 * Starts, awaits and grades the runs of a batch until all are settled, or the time is up. Stopping is
 * harmless at any moment, and so are two at once: a run is started once by its key, graded by what it
 * left, and its result is stored once.
 */
export async function driveBatch(
  host: Host,
  batch: Batch,
  { timeoutMs: longest, signal, progress }: DriveOptions,
): Promise<Driven> {
  const until = host.clock.monotonic() + longest;
  const tasks = new Map((await listTasks(host.home)).map((task) => [task.id, task]));
  const { max_concurrent: most } = await readPolicy(host.home);
  for (let cursor: string | undefined; ; ) {
    const isLate = () => signal.aborted || host.clock.monotonic() >= until;
    const states = await settleEnded(host, batch, tasks, signal, isLate);
    let running = states.filter(({ state }) => state === 'running').length;
    for (const [index, { state }] of states.entries()) {
      if (state !== 'waiting' || running >= most || signal.aborted) continue;
      running += 1;
      states[index] = await launchTrial(host, batch, index, tasks);
    }
    const driven = summed(states);
    if (driven.results.length === states.length || isLate()) return driven;
    progress(`${driven.results.length} of ${states.length} runs graded`);
    const timeoutMs = Math.max(0, Math.min(LOOK_MS, until - host.clock.monotonic()));
    const runs = states.flatMap(runningRun);
    if (runs.length === 0) await sleep(timeoutMs, signal);
    else ({ cursor } = await waitForRuns(host, { runs, until: 'any', cursor, timeoutMs, signal }));
  }
}

async function settleEnded(
  host: Host,
  batch: Batch,
  tasks: ReadonlyMap<string, BenchmarkTask>,
  signal: AbortSignal,
  isLate: () => boolean,
): Promise<TrialState[]> {
  const states: TrialState[] = [];
  let graded = 0;
  for (const [index, trial] of batch.trials.entries()) {
    let state = await stateOf(host, batch, index);
    // Grading takes a while; every call gets on by one at least.
    if (state.state === 'ended' && !signal.aborted && (graded === 0 || !isLate())) {
      graded += 1;
      const line = await resultLine(host, batch, trial, tasks.get(trial.task), state, signal);
      // Broken off in the middle, a grade would be a wrong one.
      if (!signal.aborted) {
        await addEvidence(host.home, host.clock, BENCHMARK_LOG, line);
        await settle(batch, index, line);
        state = { state: 'settled', line };
      }
    }
    states.push(state);
  }
  return states;
}

async function launchTrial(
  host: Host,
  batch: Batch,
  index: number,
  tasks: ReadonlyMap<string, BenchmarkTask>,
): Promise<TrialState> {
  const trial = batch.trials[index];
  const task = trial && tasks.get(trial.task);
  if (trial === undefined) throw new CcError('INTERNAL', `no trial ${index}`);
  try {
    if (task === undefined) throw new CcError('NOT_FOUND', `The task ${trial.task} is gone.`);
    const place = await prepareProject(host, batch, index, task);
    const { record } = await launchRun(host, place, {
      task: task.task,
      title: `benchmark ${task.id}`,
      role: task.role,
      profile: trial.profile,
      model: trial.model,
      allowWrite: task.scope !== undefined,
      scope: task.scope,
      budget: trial.budget,
      outputSchema: task.output_schema,
      projectGuidance: false,
      idempotencyKey: keyOf(batch, index),
      client: 'benchmark',
      trial: { kind: 'benchmark', of: batch.benchmark },
    });
    return { state: 'running', record, place };
  } catch (error) {
    const facts = toErrorFacts(error);
    // A limit of the user's passes; whoever drives on tries again.
    if (facts.retryable) return { state: 'waiting' };
    const line = nothingKnown(host, batch, trial, task, `${facts.code}: ${facts.message}`);
    await settle(batch, index, line);
    return { state: 'settled', line };
  }
}

function summed(states: readonly TrialState[]): Driven {
  return {
    results: states.flatMap((one) => (one.state === 'settled' ? [one.line] : [])),
    running: states.flatMap((one) => ('record' in one ? [one.record.run_id] : [])),
    waiting: states.filter(({ state }) => state === 'waiting').length,
  };
}

function runningRun(one: TrialState): FoundRun[] {
  if (!('record' in one)) return [];
  const { record, place } = one;
  const paths = runPaths(place.workspace, record.run_id);
  return [{ workspace: place.workspace, paths, record }];
}
