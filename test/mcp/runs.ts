import { writeFileSync } from 'node:fs';
import { newId } from '../../src/core/ids.ts';
import { rememberLast } from '../../src/runs/last.ts';
import { type RunRecord, writeRecord } from '../../src/runs/record.ts';
import { takeSlot } from '../../src/runs/slots.ts';
import { makePrivateDir, writeJsonAtomic } from '../../src/store/atomic.ts';
import { Lease, withLease } from '../../src/store/lease.ts';
import { NdjsonAppender } from '../../src/store/ndjson-append.ts';
import { endCursor } from '../../src/store/ndjson-read.ts';
import { initWorkspace } from '../../src/workspace/init.ts';
import {
  type RunPaths,
  runPaths,
  sharedPaths,
  type Workspace,
} from '../../src/workspace/layout.ts';
import { resolvePlace } from '../../src/workspace/resolve.ts';
import { endedRecord, usageOf } from '../support/history.ts';
import type { Machine } from './face.ts';

export type StoredRun = { id: string; paths: RunPaths; record: RunRecord };

/** A run that ended well, as its supervisor would have left it; no process ever existed. */
export async function storeFinishedRun(
  { host, project, env }: Machine,
  change: Partial<RunRecord> = {},
  answer = 'All is well.',
): Promise<StoredRun> {
  const { workspace, cwd } = resolvePlace({ cwd: project, env, processCwd: '/' });
  await initWorkspace(workspace, host.home, host.clock);
  const record = { ...finished(workspace, cwd), run_id: newId('run', host.clock.now()), ...change };
  const id = record.run_id;
  const paths = runPaths(workspace, id);
  await makePrivateDir(paths.inbox);
  await writeRecord(paths, record);
  await rememberLast(workspace, record);
  writeFileSync(paths.stdout, answer);
  writeFileSync(paths.prompt, 'Look at it.\n');
  const events = NdjsonAppender.open(paths.events, 'cc.events', record.created);
  events.append([
    { seq: 1, epoch: 1, time: record.created, type: 'cc.run.started' },
    { seq: 2, epoch: 1, time: record.created, type: 'cc.tool.used', tool: 'Read', target: 'a.txt' },
  ]);
  events.close();
  await writeJsonAtomic(paths.summary, { ...summary, cursor: endCursor(paths.events) });
  return { id, paths, record };
}

/** A run that this very process seems to supervise: it stays as it is until somebody changes it. */
export async function storeActiveRun(machine: Machine): Promise<StoredRun> {
  const run = await storeFinishedRun(machine);
  const { outcome: _outcome, ended: _ended, ...rest } = run.record;
  const record: RunRecord = { ...rest, state: 'running' };
  await writeRecord(run.paths, record);
  const lease = Lease.tryAcquire(run.paths.lease);
  if (!(lease instanceof Lease)) throw new Error('the lease is taken');
  const place = resolvePlace({ cwd: record.cwd, env: machine.env, processCwd: '/' });
  const slot = { runId: run.id, profile: record.profile.id, limit: 64, intervalMs: 0 };
  await withLease(sharedPaths(place.workspace).launchLease, 5000, () =>
    takeSlot(machine.host, place.workspace, slot),
  );
  return { ...run, record };
}

const summary = {
  schema_version: 1,
  updated: '2026-11-21T11:09:10.000Z',
  elapsed_ms: 9000,
  seq: 2,
  attempt: 1,
  model: 'test-model-1',
  model_calls: 2,
  tokens: { input: 100, output: 20, cached: 0 },
  tools: { Read: 1 },
  timeline: ['Read a.txt'],
  last_action: { time: '2026-11-21T11:09:09.000Z', text: 'Read a.txt' },
  last_message: 'All is well.',
  attention: [],
};

/** What a worker without a price leaves; the times are those of the summary. */
function finished(workspace: Workspace, cwd: string): RunRecord {
  const usage = usageOf({ 'test-model-1': { input: 100, output: 20 } });
  const ended = new Date('2026-11-21T11:09:10.123Z');
  return endedRecord(workspace, ended, { cwd, model: 'test-model-1' }, { ...usage, by_model: {} });
}
