import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { activeRuns } from '../../src/runs/list.ts';
import { leaveNote, notesOf } from '../../src/runs/outbox.ts';
import { readRecord } from '../../src/runs/record.ts';
import { recoverAll } from '../../src/runs/recover-all.ts';
import { privateRunPaths } from '../../src/workspace/home.ts';
import { sharedPaths, workspaceAt } from '../../src/workspace/layout.ts';
import { type Machine, machine } from '../mcp/face.ts';
import { type StoredRun, storeActiveRun, storeFinishedRun } from '../mcp/runs.ts';

const signal = new AbortController().signal;

/** A run that goes on according to its record, and that nobody supervises or indexes. */
async function forgotten(place: Machine): Promise<StoredRun> {
  const run = await storeActiveRun(place);
  rmSync(run.paths.lease, { recursive: true });
  rmSync(join(sharedPaths(workspaceAt(place.project)).active, `${run.id}.json`));
  return run;
}

function ours(place: Machine, { id }: StoredRun): void {
  mkdirSync(privateRunPaths(place.host.home, id).dir, { recursive: true });
}

test('a run that is in no index is found by a thorough look, and by what is still to be told', async () => {
  const place = machine();
  const workspace = workspaceAt(place.project);
  const [silent, told] = [await forgotten(place), await forgotten(place)];
  for (const run of [silent, told]) ours(place, run);
  await leaveNote(place.host, { workspace: place.project }, told.record);
  // The supervisor of this machine leaves at once, so that none can be kept up.
  const quick = await recoverAll(place.host, { signal });
  expect(quick.runs).toEqual([{ run_id: told.id, did: 'ended' }]);
  const thorough = await recoverAll(place.host, { thorough: workspace, signal });
  expect(thorough.runs).toEqual([{ run_id: silent.id, did: 'ended' }]);
  for (const { id, paths } of [silent, told]) {
    expect((await readRecord(paths, id)).outcome?.failure.class).toBe('supervisor_lost');
  }
  expect(await activeRuns(workspace)).toEqual([]);
  expect(await recoverAll(place.host, { thorough: workspace, signal })).toMatchObject({ runs: [] });
});

test('a run that somebody supervises is healthy, and back in the index', async () => {
  const place = machine();
  const workspace = workspaceAt(place.project);
  const run = await storeActiveRun(place);
  ours(place, run);
  rmSync(join(sharedPaths(workspace).active, `${run.id}.json`));
  expect(await activeRuns(workspace)).toEqual([]);
  const report = await recoverAll(place.host, { thorough: workspace, signal });
  expect(report).toMatchObject({ runs: [], healthy: 1 });
  expect((await activeRuns(workspace)).map(({ record }) => record.run_id)).toEqual([run.id]);
});

test('a run of another user home is left alone', async () => {
  const place = machine();
  const run = await forgotten(place);
  const thorough = workspaceAt(place.project);
  const report = await recoverAll(place.host, { thorough, signal });
  expect(report.runs).toEqual([]);
  expect(report.left_alone).toBeGreaterThanOrEqual(1);
  expect((await readRecord(run.paths, run.id)).state).toBe('running');
});

test('notes that nobody has asked for in a week are removed on the way', async () => {
  const place = machine();
  const who = { workspace: place.project };
  const old = await storeFinishedRun(place, { ended: '2020-01-01T00:00:00.000Z' });
  const recent = await storeFinishedRun(place, { ended: new Date().toISOString() });
  for (const { record } of [old, recent]) await leaveNote(place.host, who, record);
  await recoverAll(place.host, { signal });
  expect((await notesOf(place.host, who)).map((note) => note.run_id)).toEqual([recent.id]);
});
