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
import { type RunPaths, runPaths, sharedPaths } from '../../src/workspace/layout.ts';
import { resolvePlace } from '../../src/workspace/resolve.ts';
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
  const id = newId('run', host.clock.now());
  const paths = runPaths(workspace, id);
  const record = { ...finished(id, workspace.root, cwd), ...change };
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
  const { outcome: _outcome, ended: _ended, ...rest } = finished('', '', '');
  const run = await storeFinishedRun(machine);
  const { run_id, workspace, cwd } = run.record;
  const record: RunRecord = { ...rest, run_id, workspace, cwd, state: 'running' };
  await writeRecord(run.paths, record);
  const lease = Lease.tryAcquire(run.paths.lease);
  if (!(lease instanceof Lease)) throw new Error('the lease is taken');
  const place = resolvePlace({ cwd, env: machine.env, processCwd: '/' });
  const slot = { runId: run_id, profile: record.profile.id, limit: 64, intervalMs: 0 };
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

function finished(runId: string, workspace: string, cwd: string): RunRecord {
  return {
    schema_version: 1,
    run_id: runId,
    created: '2026-11-21T11:09:00.123Z',
    workspace,
    cwd,
    title: 'Look at it.',
    task_sha256: '0'.repeat(64),
    task_bytes: 11,
    role: 'review',
    scope: null,
    profile: { id: 'env:test', name: 'test', source: 'environment' },
    model: 'test-model-1',
    pick_reason: 'env:test: asked for.',
    budget: { wall_seconds: 900, idle_seconds: 600, max_turns: 100 },
    guidance_files: [],
    worker: {
      kind: 'claude',
      path: '/opt/claude',
      version: '2.1.329',
      session_id: '00000000-0000-4000-8000-000000000000',
      config_dir: null,
      tmp_dir: '/tmp/cc-none',
      env: ['PATH'],
      secret_env: [],
    },
    price: null,
    cli_price: false,
    base: null,
    state: 'succeeded',
    ended: '2026-11-21T11:09:10.123Z',
    elapsed_ms: 10_000,
    outcome: {
      state: 'succeeded',
      failure: { class: 'success', source: 'stream', evidence: [], retryable: false },
      exit_code: 0,
      signal: null,
      denials: 0,
      left_processes: [],
      usage: {
        tokens: { input: 100, output: 20, cache_read: 0, cache_write: 0 },
        by_model: {},
        usd: null,
        usd_source: 'unknown',
        complete: true,
      },
      changed_files: 0,
    },
  };
}
