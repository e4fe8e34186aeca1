import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '../../src/core/clock.ts';
import { stopRun } from '../../src/runs/stop.ts';
import type { Lab } from '../support/lab.ts';
import { alone, type BenchContext, type Benchmark } from './harness.ts';
import { withLab } from './with-lab.ts';

/** So many stops that a 95th percentile means something. */
const TIMES_AS_MANY = 20 / 9;
const SETTLE_MS = 300;
const COMMAND = 'node stubborn.js';

/** In a session of its own, and nothing but SIGKILL ends it. */
const STUBBORN = `
const shell = "trap '' TERM HUP INT; while :; do sleep 1; done";
process.on('SIGTERM', () => {});
require('node:child_process').spawn('sh', ['-c', shell], { detached: true, stdio: 'ignore' }).unref();
setInterval(() => {}, 1000);
`;

/** A worker that hears neither interrupts nor SIGTERM, and has such a child as well. */
const DEAF = `#!/bin/sh
[ "$1" = --version ] && echo "2.1.329 (Claude Code)" && exit 0
trap '' TERM INT HUP
setsid sh -c "trap '' TERM; while :; do sleep 1; done" &
while :; do sleep 1; done
`;

export const stopping: Benchmark = {
  name: 'stop',
  about: 'from the call of stopRun until no process of the run is left',
  unavailable: () => (process.platform === 'win32' ? 'it needs signals' : undefined),
  run: (context) =>
    withLab([], async (lab) => {
      const samples = { ...context, samples: Math.ceil(TIMES_AS_MANY * context.samples) };
      lab.write('stubborn.js', STUBBORN);
      lab.model.addScript({
        name: 'stubborn',
        steps: [{ tools: [{ name: 'Bash', input: { command: COMMAND, description: 'stay' } }] }],
      });
      const inTool = await stops(samples, lab, 6);
      const deaf = join(lab.dir, 'deaf-worker');
      writeFileSync(deaf, DEAF);
      chmodSync(deaf, 0o755);
      lab.env.CC_CLAUDE_PATH = deaf;
      const unheard = await stops(samples, lab, 5);
      const goal = { ours: 3000 };
      return [
        { name: 'stop: Claude Code with a stubborn child, p50', unit: 'ms', ours: inTool },
        { name: 'stop: the same, p95', unit: 'ms', ours: inTool, percentile: 95, goal },
        { name: 'stop: a worker deaf to SIGTERM, p50', unit: 'ms', ours: unheard },
        { name: 'stop: the same, p95', unit: 'ms', ours: unheard, percentile: 95, goal },
      ];
    }),
};

function stops(context: BenchContext, lab: Lab, processes: number): Promise<number[]> {
  return alone(context, () => stopOnce(lab, processes));
}

/** How long one stop takes; the run is stopped once it has so many processes. */
async function stopOnce(lab: Lab, processes: number): Promise<number> {
  const run = await lab.launch({
    task: 'Stay.',
    profile: 'env:lab',
    allowWrite: true,
    scope: { paths: [], commands: [COMMAND] },
  });
  const { run_id } = run.record;
  await lab.until(async () => lab.processes(run_id).length >= processes || undefined, 'its tree');
  await sleep(SETTLE_MS);
  const start = performance.now();
  const { stopped } = await stopRun(lab.host(), run, {
    force: false,
    timeoutMs: 30_000,
    from: 'bench',
    signal: new AbortController().signal,
  });
  const ms = performance.now() - start;
  const left = lab.processes(run_id).length;
  if (!stopped || left > 0) throw new Error(`${left} processes are left`);
  return ms;
}
