import { join } from 'node:path';
import { sleep } from '../core/clock.ts';
import { arrayAt, isObject, stringAt } from '../core/json.ts';
import { findByCookie } from '../proc/tree.ts';
import type { RunEvent } from '../runs/events.ts';
import { type FoundRun, findRun } from '../runs/find.ts';
import { followRun } from '../runs/follow.ts';
import { launchRun } from '../runs/launch.ts';
import type { RunRequest } from '../runs/plan.ts';
import { stopRun } from '../runs/stop.ts';
import { RUN_COOKIE } from '../workers/claude/environment.ts';
import { runPaths } from '../workspace/layout.ts';
import type { ReadingEvidence, StoppingEvidence } from './evidence.ts';
import { SCRATCH_PROFILE, type Scratch } from './scratch.ts';
import { ENDLESS, FROM_READER, TASKS } from './selftest-scripts.ts';
import { textOf } from './writing-run.ts';

const TICK_MS = 250;
/** The guard of the wall budget, the worker and its command: all three must be there to be ended. */
const FULL_TREE = 3;

/** A read-only worker whose model wants to write nevertheless. */
export async function tryReading(scratch: Scratch, signal: AbortSignal): Promise<ReadingEvidence> {
  const { host, place, model } = scratch;
  const run = await launch(scratch, { task: TASKS.reading });
  let announced: string[] = [];
  for await (const events of followRun(host, run, { tickMs: TICK_MS, signal })) {
    announced = toolsOf(events) ?? announced;
  }
  const [asked] = model.requestsFor('reading');
  return {
    record: (await findRun(host, run.record.run_id, place.workspace)).record,
    announced,
    offered: arrayAt(asked?.body, 'tools').flatMap((tool) => stringAt(tool, 'name') ?? []),
    written: await textOf(join(place.cwd, FROM_READER)),
  };
}

/** A worker that is busy with a command without end, stopped from outside. */
export async function tryStopping(
  scratch: Scratch,
  signal: AbortSignal,
): Promise<StoppingEvidence> {
  const { host } = scratch;
  const run = await launch(scratch, {
    task: TASKS.stopping,
    allowWrite: true,
    scope: { paths: [], commands: [`node ${ENDLESS}`] },
  });
  for await (const events of followRun(host, run, { tickMs: TICK_MS, signal })) {
    if (events.some((event) => event.type === 'cc.hook.answered')) break;
  }
  const processes = () => findByCookie(RUN_COOKIE, run.record.run_id).map(({ pid }) => pid);
  while (processes().length < FULL_TREE && !signal.aborted) await sleep(50, signal);
  const processes_before = processes().length;
  const from = host.clock.monotonic();
  const options = { force: false, timeoutMs: 20_000, from: 'selftest', signal };
  const { stopped, state } = await stopRun(host, run, options);
  return {
    processes_before,
    stopped,
    state,
    processes_after: processes(),
    ms: Math.round(host.clock.monotonic() - from),
  };
}

async function launch({ host, place }: Scratch, request: RunRequest): Promise<FoundRun> {
  const { record } = await launchRun(host, place, {
    profile: SCRATCH_PROFILE,
    budget: { wall_seconds: 60 },
    client: 'selftest',
    ...request,
  });
  return { workspace: place.workspace, paths: runPaths(place.workspace, record.run_id), record };
}

function toolsOf(events: readonly RunEvent[]): string[] | undefined {
  const ready = events.find((event) => event.type === 'cc.worker.ready');
  if (!isObject(ready)) return undefined;
  return arrayAt(ready, 'tools').filter((tool) => typeof tool === 'string');
}
