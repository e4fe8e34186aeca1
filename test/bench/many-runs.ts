import { writeFileSync } from 'node:fs';
import { writeCaps } from '../../src/runs/cost-guard/caps.ts';
import { CostGuard } from '../../src/runs/cost-guard/guard.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { launchRun } from '../../src/runs/launch.ts';
import { activeRuns, newestRuns } from '../../src/runs/list.ts';
import { pollRun } from '../../src/runs/poll.ts';
import { writeRecord } from '../../src/runs/record.ts';
import { takeSlot } from '../../src/runs/slots.ts';
import { dayOf } from '../../src/runs/usage/log.ts';
import { readUsage } from '../../src/runs/usage/read.ts';
import { lookAt, viewOf } from '../../src/runs/view.ts';
import { waitForRuns } from '../../src/runs/wait.ts';
import { withLease } from '../../src/store/lease.ts';
import type { Host } from '../../src/workspace/host.ts';
import { initWorkspace } from '../../src/workspace/init.ts';
import { runPaths, sharedPaths } from '../../src/workspace/layout.ts';
import type { Place } from '../../src/workspace/resolve.ts';
import { endedRecord, storeRecord } from '../support/history.ts';
import type { Lab } from '../support/lab.ts';
import { type BenchContext, type Benchmark, inTurns, type Measurement, timed } from './harness.ts';
import { openJournal, standingRun, writeSummary } from './standing-run.ts';
import { withLab } from './with-lab.ts';

const COUNTS = { many: 10_000, few: 10 };
/** The finished runs lie this far apart, before today. */
const APART_MS = 4 * 60_000;
const DAY_MS = 86_400_000;
/** One look takes about as long as the clock is fine; so many make one sample. */
const LOOKS_PER_SAMPLE = 10;
const LISTED = 10;

export const manyRuns: Benchmark = {
  name: 'many-runs',
  about: 'status, launch, wait, poll and caps with 10 000 finished runs, against 10',
  run: (context) =>
    withLab([], (many) =>
      withLab([], async (few) => {
        const large = await projectWith(many, COUNTS.many);
        const small = await projectWith(few, COUNTS.few);
        const lines: Measurement[] = [];
        for (const [name, look] of Object.entries(LOOKS)) {
          lines.push(await compare(context, `${name}, 10 000 finished`, large, small, look));
        }
        return lines;
      }),
    ),
};

type Project = { host: Host; place: Place; active: FoundRun; guard: CostGuard };

const LOOKS: Record<string, (project: Project) => Promise<unknown>> = {
  'status of active runs': async ({ host, place }) => show(host, await activeRuns(place.workspace)),
  'status of the newest': async ({ host, place }) =>
    show(host, await newestRuns(place.workspace, LISTED)),
  launch,
  'wait that has news': async ({ host, place }) => {
    const [newest] = (await newestRuns(place.workspace, 2)).filter(({ record }) => record.ended);
    if (newest === undefined) throw new Error('no run has ended');
    return waitForRuns(host, {
      runs: [newest],
      until: 'any',
      cursor: undefined,
      timeoutMs: 0,
      signal: new AbortController().signal,
    });
  },
  poll: ({ host, place, active }) =>
    pollRun(host, place.workspace, active.record.run_id, undefined),
  'usage of today': ({ place }) => {
    const today = dayOf(new Date());
    return readUsage(place.workspace, today, today);
  },
  'caps of a running run': ({ guard }) => guard.verdict({ byModel: {}, elapsedMs: 0 }),
};

async function compare(
  context: BenchContext,
  name: string,
  large: Project,
  small: Project,
  look: (project: Project) => Promise<unknown>,
): Promise<Measurement> {
  const sample = async (project: Project) => {
    const ms = await timed(async () => {
      for (let count = 0; count < LOOKS_PER_SAMPLE; count += 1) await look(project);
    });
    return ms / LOOKS_PER_SAMPLE;
  };
  const both = await inTurns(
    context,
    () => sample(large),
    () => sample(small),
  );
  return { name, unit: 'ms', ...both, goal: { ratio: 2 } };
}

/** A project with a history, and one run that goes on. Nothing that is launched here does anything. */
async function projectWith(lab: Lab, finished: number): Promise<Project> {
  const host = lab.host({ supervisor: { file: process.execPath, args: ['-e', ''] } });
  const place = lab.place();
  const { workspace } = place;
  await initWorkspace(workspace, host.home, host.clock);
  writeFileSync(host.home.policy, 'start_interval_ms: 0\n');
  const midnight = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  for (let count = finished; count > 0; count -= 1) {
    storeRecord(workspace, endedRecord(workspace, new Date(midnight - count * APART_MS)));
  }
  const { run, lease } = await standingRun(lab);
  const journal = openJournal(run.paths.events, lease);
  await writeSummary(run, journal);
  journal.close();
  const slot = { runId: run.record.run_id, profile: 'env:lab', limit: 64, intervalMs: 0 };
  await withLease(sharedPaths(workspace).launchLease, 5000, () => takeSlot(host, workspace, slot));
  await writeCaps(host.home, { user: { max_tokens_per_day: 1e12 } }, host.clock);
  // The log is made once, from all the records; from then on it only grows.
  await readUsage(workspace, '1970-01-01', dayOf(new Date()));
  return { host, place, active: run, guard: new CostGuard(host, run.record) };
}

async function show(host: Host, runs: readonly FoundRun[]) {
  const live = await Promise.all(runs.map((run) => lookAt(host, run)));
  return live.map((run) => viewOf(run));
}

/** Everything a start does but the supervisor's own work; the run is over at once. */
async function launch({ host, place }: Project): Promise<void> {
  const { record } = await launchRun(host, place, { task: 'Do nothing.', profile: 'env:lab' });
  const { outcome, ended } = endedRecord(place.workspace, new Date());
  if (outcome === undefined || ended === undefined) throw new Error('it has not ended');
  await writeRecord(runPaths(place.workspace, record.run_id), {
    ...record,
    state: 'succeeded',
    ended,
    outcome,
  });
}
