import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import type { Clock } from '../../../src/core/clock.ts';
import type { RunRecord } from '../../../src/runs/record.ts';
import { type FinishParts, settleRun } from '../../../src/runs/supervise/finish.ts';
import { Journal } from '../../../src/runs/supervise/journal.ts';
import { RunSecrets } from '../../../src/runs/supervise/run-secrets.ts';
import { usageLog } from '../../../src/runs/usage/log.ts';
import { readUsage } from '../../../src/runs/usage/read.ts';
import { Lease } from '../../../src/store/lease.ts';
import { privateRunPaths } from '../../../src/workspace/home.ts';
import type { Host } from '../../../src/workspace/host.ts';
import { runPaths, sharedPaths, type Workspace } from '../../../src/workspace/layout.ts';
import { endedRecord, storeActive, userWithProject } from '../../support/history.ts';
import { scratch } from '../../support/scratch.ts';

let now: Date;
let host: Host;
let workspace: Workspace;
let record: RunRecord;

beforeEach(async () => {
  now = new Date('2026-11-20T23:59:59.000Z');
  const clock: Clock = { now: () => now, monotonic: () => 0 };
  ({ host, workspace } = await userWithProject(scratch(), clock));
  record = endedRecord(workspace, now);
  await storeActive(host, workspace, record);
});

/** A supervisor that has come to the end of the run, and settles it. */
async function settle(elapsedMs: number): Promise<void> {
  const paths = runPaths(workspace, record.run_id);
  const lease = Lease.tryAcquire(paths.lease);
  if (!(lease instanceof Lease) || record.outcome === undefined) throw new Error('not ready');
  const { outcome, ...active } = record;
  const parts: FinishParts = {
    host,
    record: { ...active, state: 'finalizing' },
    paths,
    privatePaths: privateRunPaths(host.home, record.run_id),
    journal: Journal.open(paths.events, { lease, clock: host.clock, redact: (text) => text }),
    secrets: await RunSecrets.open(host, []),
    startError: undefined,
    leftProcesses: [],
  };
  try {
    await settleRun(parts, outcome, elapsedMs);
  } finally {
    parts.journal.close();
    lease.release();
  }
}

const stored = () =>
  JSON.parse(readFileSync(runPaths(workspace, record.run_id).metadata, 'utf8')) as RunRecord;
const lines = (day: string) => readFileSync(usageLog(workspace).file(day), 'utf8').split('\n');

it('a run that is settled twice, on two days, has one end and counts once', async () => {
  await settle(1000);
  const first = stored();
  // Killed before the record was written: the next supervisor finds the end in the events.
  now = new Date('2026-11-21T00:00:09.000Z');
  await settle(11_000);
  expect(stored()).toEqual(first);
  expect(first).toMatchObject({ ended: '2026-11-20T23:59:59.000Z', elapsed_ms: 1000 });
  expect(lines('2026-11-20').filter((line) => line.includes(record.run_id))).toHaveLength(2);
  const { ended } = await readUsage(workspace, '2026-11-01', '2026-11-30');
  expect(ended).toHaveLength(1);
  expect((await readUsage(workspace, '2026-11-21', '2026-11-21')).ended).toEqual([]);
});

it('a run ends also where it cannot be logged, and is counted by its slot', async () => {
  const { usage, active } = sharedPaths(workspace);
  rmSync(usage, { recursive: true, force: true });
  writeFileSync(usage, 'not a directory');
  await settle(1000);
  expect(stored().state).toBe('succeeded');
  expect(readFileSync(join(active, `${record.run_id}.json`), 'utf8')).toContain(record.run_id);
  const count = async () => (await readUsage(workspace, '2026-11-20', '2026-11-20')).ended.length;
  expect(await count()).toBe(1);
  rmSync(usage);
  mkdirSync(usage);
  expect(await count()).toBe(1);
  expect(lines('2026-11-20').filter((line) => line.includes(record.run_id))).toHaveLength(1);
});
