import { mkdirSync } from 'node:fs';
import { systemClock } from '../../src/core/clock.ts';
import { createRedactor } from '../../src/core/redact.ts';
import type { SupervisorEventType } from '../../src/runs/events.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import type { RunRecord } from '../../src/runs/record.ts';
import { Journal } from '../../src/runs/supervise/journal.ts';
import { Lease } from '../../src/store/lease.ts';
import type { WorkerEvent } from '../../src/workers/events.ts';
import { runPaths, workspaceAt } from '../../src/workspace/layout.ts';
import { scratch } from './scratch.ts';

const RUN = 'run_20261121t110900123z_k3v7qa2m';

/** A run directory with a journal that this very process writes; there is no worker. */
export function journaledRun(dir = scratch()) {
  const workspace = workspaceAt(dir);
  const paths = runPaths(workspace, RUN);
  mkdirSync(paths.inbox, { recursive: true });
  const lease = Lease.tryAcquire(paths.lease);
  if (!(lease instanceof Lease)) throw new Error('the lease is taken');
  const open = () =>
    Journal.open(paths.events, { lease, clock: systemClock, redact: createRedactor() });
  const journal = open();
  let offset = 0;
  /** A line of the worker. */
  const line = (event: object) => {
    const raw: [number, number] = [offset, offset + 10];
    offset += 10;
    journal.recordLines([{ event: event as WorkerEvent, raw }]);
  };
  /** A tool call with its end. */
  const call = (tool: string, target: string, extra: object = {}, ok = true) => {
    const id = `t${offset}`;
    line({ type: 'cc.tool.used', tool, id, target, input: target, ...extra });
    line({ type: 'cc.tool.finished', id, ok, output_chars: 5 });
  };
  journal.record('cc.run.started' satisfies SupervisorEventType, { root: dir, cwd: dir });
  const record = { run_id: RUN, workspace: dir } as RunRecord;
  const run: FoundRun = { workspace, paths, record };
  return { run, paths, journal, open, line, call };
}
