import { CcError } from '../core/errors.ts';
import { applyEvent } from '../runs/apply-event.ts';
import { findRun } from '../runs/find.ts';
import { followRun } from '../runs/follow.ts';
import { launchRun } from '../runs/launch.ts';
import { emptyProgress, type Progress, usageSoFar } from '../runs/progress.ts';
import type { RunOutcome, RunRecord } from '../runs/record.ts';
import { sumTokens } from '../runs/summarise.ts';
import { runPaths } from '../workspace/layout.ts';
import { grouped, tellEnd, tellPosture } from './chapters.ts';
import type { RunFacts } from './facts.ts';
import { printRunLine, RunLines } from './run-lines.ts';
import { SCRATCH_PROFILE, type Scratch, supervisorComplaint } from './scratch.ts';
import type { Screen } from './screen.ts';
import { DEMO_SCOPE, DEMO_TASK } from './story.ts';

/** Usually 0.2 s. */
const START_SECONDS = 15;
const WALL_SECONDS = 90;
const TICK_MS = 200;

/** Launches the run as any controller would, and shows its events as they are written. */
export async function delegate(
  screen: Screen,
  scratch: Scratch,
  signal: AbortSignal,
): Promise<RunFacts> {
  const { host, place } = scratch;
  const { record } = await launchRun(host, place, {
    task: DEMO_TASK,
    role: 'implementation',
    profile: SCRATCH_PROFILE,
    allowWrite: true,
    scope: DEMO_SCOPE,
    budget: { wall_seconds: WALL_SECONDS },
    client: 'demo',
  });
  tellPosture(screen, record.posture);
  const started = host.clock.monotonic();
  const paths = runPaths(place.workspace, record.run_id);
  const run = { workspace: place.workspace, paths, record };
  const lines = new RunLines();
  const progress = emptyProgress();
  for await (const events of followRun(host, run, { tickMs: TICK_MS, signal })) {
    for (const event of events) {
      applyEvent(progress, event);
      const line = lines.lineOf(event);
      if (line !== undefined) printRunLine(screen, line);
    }
    const seconds = (host.clock.monotonic() - started) / 1000;
    if (progress.seq === 0 && seconds > START_SECONDS) {
      throw await tooLong(scratch, `was not taken up within ${START_SECONDS} s`);
    }
    screen.status(`${`${seconds.toFixed(1)} s`.padStart(8)}  ${workedSoFar(progress)}`);
  }
  screen.end();
  if (signal.aborted) throw await tooLong(scratch, 'did not end in time');
  const facts = runFacts((await findRun(host, record.run_id, place.workspace)).record, paths.dir);
  tellEnd(screen, facts);
  return facts;
}

async function tooLong(scratch: Scratch, what: string): Promise<CcError> {
  return new CcError('TIMED_OUT', `The run ${what}.`, {
    hint: (await supervisorComplaint(scratch)) ?? 'See `cc-orchestrator healthcheck`.',
  });
}

function workedSoFar(progress: Progress): string {
  if (progress.model_calls === 0) return 'the worker starts';
  const { input, output, cached } = sumTokens(usageSoFar(progress));
  return `model calls: ${progress.model_calls}, tokens: ${grouped(input + cached + output)}`;
}

function runFacts(record: RunRecord, folder: string): RunFacts {
  const { outcome, worker } = record;
  const failure = outcome?.failure;
  return {
    run_id: record.run_id,
    folder,
    state: record.state,
    seconds: (record.elapsed_ms ?? 0) / 1000,
    worker_version: worker.version,
    model: record.model ?? 'unknown',
    refused: outcome?.denials ?? 0,
    tokens: outcome?.usage.tokens ?? { input: 0, output: 0, cache_read: 0, cache_write: 0 },
    usd: outcome?.usage.usd ?? null,
    ...(failure === undefined || failure.class === 'success'
      ? {}
      : { failure: failureText(failure) }),
  };
}

function failureText(failure: RunOutcome['failure']): string {
  return [failure.class, ...failure.evidence.slice(0, 2), failure.hint ?? '']
    .filter(Boolean)
    .join('; ');
}
