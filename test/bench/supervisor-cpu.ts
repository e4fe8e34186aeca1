import { existsSync, readFileSync } from 'node:fs';
import { isFinal } from '../../src/core/vocabulary.ts';
import { topLease } from '../../src/store/lease.ts';
import type { Lab } from '../support/lab.ts';
import { alone, type Benchmark } from './harness.ts';
import { withLab } from './with-lab.ts';

const TOOL_CALLS = 20;
const LOOK_EVERY_MS = 5;
/** /proc counts in USER_HZ, which is 100 on every Linux that Node runs on. */
const MS_PER_TICK = 10;

export const supervisorCpu: Benchmark = {
  name: 'supervisor-cpu',
  about: `CPU of a supervisor against its worker's, in a real run with ${TOOL_CALLS} tool calls`,
  unavailable: () => (process.platform === 'linux' ? undefined : 'it needs /proc'),
  run: (context) =>
    withLab([], async (lab) => {
      const read = { name: 'Read', input: { file_path: lab.path('README.md') } };
      lab.model.addScript({
        name: 'reads',
        steps: [
          ...Array.from({ length: TOOL_CALLS }, () => ({ tools: [read] })),
          { text: 'Done.' },
        ],
      });
      const runs = await alone(context, () => cpuOfRun(lab));
      return [
        {
          name: `CPU of ${TOOL_CALLS} tool calls, from the start`,
          unit: 'ms',
          ours: runs.map(({ supervisor }) => supervisor.all),
          reference: runs.map(({ worker }) => worker.all),
          goal: { ratio: 0.1 },
        },
        {
          name: `CPU of ${TOOL_CALLS} tool calls, after both have started`,
          unit: 'ms',
          ours: runs.map(({ supervisor }) => supervisor.all - supervisor.atStart),
          reference: runs.map(({ worker }) => worker.all - worker.atStart),
        },
      ];
    }),
};

type Cpu = { own: number; ofChildren: number };

/**
 * What a process has used is known for certain only when its parent has reaped it: the supervisor's
 * is added to ours, the worker's to the supervisor's, which is looked at until it goes.
 */
async function cpuOfRun(lab: Lab) {
  const before = cpuOf('self').ofChildren;
  const calls = lab.model.requestsFor('reads').length;
  const run = await lab.launch({ task: 'Read it again and again.', profile: 'env:lab' });
  const holder = await lab.until(async () => topLease(run.paths.lease)?.holder, 'a supervisor');
  const seen = { helpers: 0, ofChildren: 0, atStart: { supervisor: 0, worker: 0 } };
  const looking = setInterval(() => {
    if (existsSync(`/proc/${holder.pid}`)) {
      seen.ofChildren = Math.max(seen.ofChildren, cpuOf(holder.pid).ofChildren);
    }
  }, LOOK_EVERY_MS);
  try {
    const started = await lab.event(run, 'cc.worker.started');
    const worker = (started.worker as { pid: number }).pid;
    await lab.until(
      async () => lab.model.requestsFor('reads').length > calls || undefined,
      'the first model call',
    );
    const supervisor = cpuOf(holder.pid);
    seen.helpers = supervisor.ofChildren;
    seen.atStart = { supervisor: sum(supervisor), worker: sum(cpuOf(worker)) };
    await lab.until(
      async () => isFinal((await lab.find(run.record.run_id)).record.state) || undefined,
      'the end of the run',
    );
    await lab.until(async () => !existsSync(`/proc/${holder.pid}`) || undefined, 'its supervisor');
  } finally {
    clearInterval(looking);
  }
  const worker = seen.ofChildren - seen.helpers;
  const supervisor = cpuOf('self').ofChildren - before - worker;
  return {
    supervisor: { all: supervisor, atStart: seen.atStart.supervisor },
    worker: { all: worker, atStart: seen.atStart.worker },
  };
}

function sum({ own, ofChildren }: Cpu): number {
  return own + ofChildren;
}

/** User and system time in milliseconds; of a process that has just gone, nothing. */
function cpuOf(pid: number | 'self'): Cpu {
  let stat = '';
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return { own: 0, ofChildren: 0 };
  }
  // Behind the command name, which may hold anything, utime is the 12th field.
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map((ticks) => Number(ticks) * MS_PER_TICK);
  return { own: utime + stime, ofChildren: cutime + cstime };
}
