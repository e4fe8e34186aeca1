import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { ledgerPaths } from '../../src/ledger/place.ts';
import { latestEntries } from '../../src/ledger/query.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import { launchRun } from '../../src/runs/launch.ts';
import { completeLedger, recordDispatch } from '../../src/runs/ledger.ts';
import { activeRuns } from '../../src/runs/list.ts';
import { type RunRecord, readRecord, writeRecord } from '../../src/runs/record.ts';
import { recoverAll } from '../../src/runs/recover-all.ts';
import { type FinishParts, settleRun } from '../../src/runs/supervise/finish.ts';
import { giveUp } from '../../src/runs/supervise/give-up.ts';
import { Journal } from '../../src/runs/supervise/journal.ts';
import { RunSecrets } from '../../src/runs/supervise/run-secrets.ts';
import { Lease } from '../../src/store/lease.ts';
import { privateRunPaths } from '../../src/workspace/home.ts';
import type { Host } from '../../src/workspace/host.ts';
import { runPaths, type Workspace } from '../../src/workspace/layout.ts';
import { resolvePlace } from '../../src/workspace/resolve.ts';
import { machine } from '../mcp/face.ts';
import { endedRecord, storeActive, userWithProject } from '../support/history.ts';
import { scratch } from '../support/scratch.ts';

let host: Host;
let workspace: Workspace;
let now: Date;

beforeEach(async () => {
  now = new Date('2026-11-21T11:00:00.000Z');
  ({ host, workspace } = await userWithProject(scratch(), {
    now: () => now,
    monotonic: () => performance.now(),
  }));
});

const entries = () => latestEntries(workspace, {}, { limit: 100 }).entries.reverse();
const kinds = () => entries().map(({ kind }) => kind);

/** A file where the directory has to be: nobody can append. */
function block(): void {
  const { dir } = ledgerPaths(workspace);
  rmSync(dir, { recursive: true, force: true });
  writeFileSync(dir, 'in the way');
}

function unblock(): void {
  rmSync(ledgerPaths(workspace).dir);
  mkdirSync(ledgerPaths(workspace).dir);
}

async function partsOf(record: RunRecord, lease: Lease): Promise<FinishParts> {
  const paths = runPaths(workspace, record.run_id);
  return {
    host,
    record,
    paths,
    privatePaths: privateRunPaths(host.home, record.run_id),
    journal: Journal.open(paths.events, { lease, clock: host.clock, redact: (text) => text }),
    secrets: await RunSecrets.open(host, []),
    startError: undefined,
    leftProcesses: [],
  };
}

/** A supervisor that has come to the end of a run. */
async function settle(ended: RunRecord): Promise<RunRecord> {
  const { outcome, ...active } = ended;
  if (outcome === undefined) throw new Error('no outcome');
  const paths = runPaths(workspace, ended.run_id);
  const lease = Lease.tryAcquire(paths.lease);
  if (!(lease instanceof Lease)) throw new Error('not free');
  const parts = await partsOf({ ...active, state: 'finalizing' }, lease);
  try {
    await settleRun(parts, outcome, 1000);
  } finally {
    parts.journal.close();
    lease.release();
  }
  return readRecord(paths, ended.run_id);
}

describe('a launch', () => {
  it('is on record before the run exists', async () => {
    const place = machine();
    const at = resolvePlace({ cwd: place.project, env: place.env, processCwd: '/' });
    const request = { task: 'Look.', client: 'codex-mcp-client', threadId: 't-1' };
    const { record } = await launchRun(place.host, at, request);
    const [entry] = latestEntries(at.workspace, {}, { limit: 5 }).entries;
    expect(entry).toMatchObject({
      seq: 1,
      kind: 'dispatch',
      subject: record.run_id,
      actor: { by: 'controller', client: 'codex-mcp-client', thread: 't-1' },
      facts: { role: record.role, profile: 'env:test', task_sha256: record.task_sha256 },
    });
    expect(await verifyLedger(place.host, at.workspace)).toMatchObject({ ok: true });
  });

  it('that cannot be recorded starts nothing and leaves nothing', async () => {
    const place = machine();
    const at = resolvePlace({ cwd: place.project, env: place.env, processCwd: '/' });
    workspace = at.workspace;
    mkdirSync(dirname(ledgerPaths(workspace).dir), { recursive: true });
    block();
    await expect(launchRun(place.host, at, { task: 'Look.' })).rejects.toThrow(
      /EEXIST|ENOTDIR|not a directory/i,
    );
    expect(await activeRuns(workspace)).toEqual([]);
    const runs = readdirSync(`${workspace.base}/runs`);
    expect(runs.filter((id) => existsSync(runPaths(workspace, id).metadata))).toEqual([]);
    unblock();
    await launchRun(place.host, at, { task: 'Look.' });
    expect(await activeRuns(workspace)).toHaveLength(1);
  });

  it('that a crash kept from becoming a run is explained by the next recovery', async () => {
    const record = endedRecord(workspace, now);
    await recordDispatch(host, workspace, record);
    await completeLedger(host, workspace, { thorough: false });
    expect(kinds()).toEqual(['dispatch']); // it may be about to become one
    now = new Date(now.getTime() + 120_000);
    await recoverAll(host, { signal: new AbortController().signal });
    await recoverAll(host, { signal: new AbortController().signal });
    expect(entries()).toMatchObject([
      { kind: 'dispatch' },
      { kind: 'end', subject: record.run_id, facts: { state: 'no_run' } },
    ]);
    expect(await verifyLedger(host, workspace)).toMatchObject({ ok: true });
  });
});

describe('the end of a run', () => {
  let ended: RunRecord;
  beforeEach(async () => {
    ended = endedRecord(workspace, now);
    await storeActive(host, workspace, ended);
  });

  it('stands in the ledger once, however often it is settled', async () => {
    await recordDispatch(host, workspace, ended);
    const first = await settle(ended);
    expect(first.ledger).toMatchObject({ seq: 2 });
    now = new Date(now.getTime() + 5000);
    expect((await settle(ended)).ledger).toEqual(first.ledger);
    expect(kinds()).toEqual(['dispatch', 'end']);
    expect(await verifyLedger(host, workspace)).toMatchObject({
      ok: true,
      receipts: { checked: 1 },
    });
  });

  it('is there before the record says that it is over', async () => {
    const { paths } = { paths: runPaths(workspace, ended.run_id) };
    await settle(ended);
    const before = readFileSync(ledgerPaths(workspace).file);
    // Killed in between: only the record is not written yet.
    await writeRecord(paths, { ...ended, state: 'finalizing' });
    await settle(ended);
    expect(readFileSync(ledgerPaths(workspace).file)).toEqual(before);
  });

  it('comes also where nothing can be recorded, says so, and is recorded later', async () => {
    await recordDispatch(host, workspace, ended);
    const saved = readFileSync(ledgerPaths(workspace).file);
    block();
    const record = await settle(ended);
    expect(record).toMatchObject({ state: 'succeeded', ledger: { missing: expect.any(String) } });
    unblock();
    writeFileSync(ledgerPaths(workspace).file, saved);
    await recoverAll(host, { signal: new AbortController().signal });
    expect(entries()).toMatchObject([
      { kind: 'dispatch' },
      { kind: 'end', facts: { late: true, state: 'succeeded' } },
    ]);
    const { ledger } = await readRecord(runPaths(workspace, ended.run_id), ended.run_id);
    expect(ledger).toMatchObject({ seq: 2 });
    expect(await verifyLedger(host, workspace)).toMatchObject({ ok: true });
  });

  it('is recorded by whoever has to give the run up', async () => {
    const paths = runPaths(workspace, ended.run_id);
    const lease = Lease.tryAcquire(paths.lease);
    if (!(lease instanceof Lease)) throw new Error('not free');
    const error = new Error('no idea');
    await giveUp(host, { paths, runId: ended.run_id, lease, error, workerEnv: {} });
    lease.release();
    expect(entries()).toMatchObject([
      { kind: 'end', facts: { state: 'failed', failure: 'unknown' } },
    ]);
    expect((await readRecord(paths, ended.run_id)).ledger).toMatchObject({ seq: 1 });
    expect(await verifyLedger(host, workspace)).toMatchObject({ ok: true });
  });

  it('is nothing a read-only server records', async () => {
    await recordDispatch(host, workspace, ended);
    now = new Date(now.getTime() + 120_000);
    await writeRecord(runPaths(workspace, ended.run_id), ended);
    await completeLedger({ ...host, readOnly: true }, workspace, { thorough: true });
    expect(kinds()).toEqual(['dispatch']);
  });
});
