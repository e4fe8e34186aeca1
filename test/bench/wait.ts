import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { isoTime, sleep, systemClock } from '../../src/core/clock.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { writeRecord } from '../../src/runs/record.ts';
import { waitForRuns } from '../../src/runs/wait.ts';
import { type Lab, REPOSITORY } from '../support/lab.ts';
import { alone, type Benchmark } from './harness.ts';
import { standingRun } from './standing-run.ts';
import { withLab } from './with-lab.ts';

/** For a percentile near the end, a median's samples are too few. */
const TIMES_AS_MANY = 6;
const WAIT_MS = { least: 50, most: 250 };

export const waiting: Benchmark = {
  name: 'wait',
  about: 'from a run being final on disk (written by another process) to the waiter returning',
  run: (context) =>
    withLab([], async (lab) => {
      const { run } = await standingRun(lab);
      const ender = startEnder(lab);
      try {
        const latencies = await alone(
          { ...context, samples: TIMES_AS_MANY * context.samples },
          () => latency(lab, run, ender),
        );
        return [
          { name: 'a finished run is seen, p50', unit: 'ms', ours: latencies },
          {
            name: 'a finished run is seen, p95',
            unit: 'ms',
            ours: latencies,
            percentile: 95,
            goal: { ours: 100 },
          },
        ];
      } finally {
        ender.stdin.end();
        await new Promise((resolve) => ender.once('exit', resolve));
      }
    }),
};

async function latency(
  lab: Lab,
  { workspace, paths, record }: FoundRun,
  ender: ChildProcessWithoutNullStreams,
): Promise<number> {
  await writeRecord(paths, record);
  const waited = waitForRuns(lab.host(), {
    runs: [{ workspace, paths, record }],
    until: 'all',
    cursor: undefined,
    timeoutMs: 30_000,
    signal: new AbortController().signal,
  });
  await sleep(WAIT_MS.least + Math.random() * (WAIT_MS.most - WAIT_MS.least));
  const ended = isoTime(systemClock.now());
  ender.stdin.write(
    `${JSON.stringify({ paths, record: { ...record, state: 'cancelled', ended } })}\n`,
  );
  const { reason } = await waited;
  const seen = performance.timeOrigin + performance.now();
  if (reason !== 'all_ended') throw new Error(`the waiter returned with ${reason}`);
  // The change of the inode is the rename, by which the record became final.
  return seen - statSync(paths.metadata).ctimeMs;
}

function startEnder(lab: Lab): ChildProcessWithoutNullStreams {
  const script = join(REPOSITORY, 'scripts/run-ts.mjs');
  const args = [script, join(REPOSITORY, 'test/bench/ender.ts')];
  return spawn(process.execPath, args, { cwd: REPOSITORY, env: lab.env, stdio: 'pipe' });
}
