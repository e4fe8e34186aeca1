import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, isoTime, systemClock } from '../../src/core/clock.ts';
import { newId } from '../../src/core/ids.ts';
import type { RunRecord } from '../../src/runs/record.ts';
import { takeSlot } from '../../src/runs/slots.ts';
import type { RunUsage } from '../../src/runs/spending-fields.ts';
import { withLease } from '../../src/store/lease.ts';
import type { UsageByModel } from '../../src/workers/events.ts';
import { userHome } from '../../src/workspace/home.ts';
import type { Host } from '../../src/workspace/host.ts';
import { initWorkspace } from '../../src/workspace/init.ts';
import { runPaths, sharedPaths, type Workspace, workspaceAt } from '../../src/workspace/layout.ts';

/** A run that ended at a time, as its record tells it; no process ever existed. */
export function endedRecord(
  workspace: Workspace,
  ended: Date,
  change: Partial<RunRecord> = {},
  usage: RunUsage = usageOf({ 'model-a': { input: 100, output: 20, usd: 0.01 } }),
): RunRecord {
  const created = new Date(ended.getTime() - 10_000);
  return {
    schema_version: 1,
    run_id: newId('run', created),
    created: isoTime(created),
    workspace: workspace.root,
    cwd: workspace.root,
    title: 'Look at it.',
    task_sha256: '0'.repeat(64),
    task_bytes: 11,
    role: 'review',
    scope: null,
    profile: { id: 'env:test', name: 'test', source: 'environment' },
    model: 'model-a',
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
    started: isoTime(created),
    ended: isoTime(ended),
    elapsed_ms: 10_000,
    outcome: {
      state: change.state ?? 'succeeded',
      failure: { class: 'success', source: 'stream', evidence: [], retryable: false },
      exit_code: 0,
      signal: null,
      denials: 0,
      left_processes: [],
      usage,
      changed_files: 0,
    },
    ...change,
  };
}

/** Usage as the product would have billed it: one model without a price makes the whole unknown. */
export function usageOf(by_model: RunUsage['by_model'], change: Partial<RunUsage> = {}): RunUsage {
  const sum = (kind: string) =>
    Object.values(by_model).reduce((total, count) => total + (count[kind] ?? 0), 0);
  const isPriced = Object.values(by_model).every((count) => count.usd !== undefined);
  return {
    tokens: {
      input: sum('input'),
      output: sum('output'),
      cache_read: sum('cache_read'),
      cache_write: sum('cache_write'),
    },
    by_model,
    usd: isPriced && Object.keys(by_model).length > 0 ? sum('usd') : null,
    usd_source: isPriced ? 'profile' : 'unknown',
    complete: true,
    ...change,
  };
}

/** Puts the record of a run where its supervisor would have left it. Quick, for thousands of them. */
export function storeRecord(workspace: Workspace, record: RunRecord, modelCalls = 2): void {
  const paths = runPaths(workspace, record.run_id);
  mkdirSync(paths.dir, { recursive: true });
  writeFileSync(paths.metadata, JSON.stringify(record));
  writeFileSync(
    paths.summary,
    JSON.stringify({
      schema_version: 1,
      updated: record.ended ?? record.created,
      elapsed_ms: record.elapsed_ms ?? 0,
      seq: 2,
      attempt: 1,
      model: record.model,
      model_calls: modelCalls,
      tokens: { input: 100, output: 20, cached: 0 },
      tools: {},
      timeline: [],
      last_action: null,
      last_message: '',
      attention: [],
    }),
  );
}

/** Puts a run that goes on into the workspace, with what it has used so far. No process belongs to it. */
export async function storeActive(
  host: Host,
  workspace: Workspace,
  record: RunRecord,
  byModel: UsageByModel = {},
): Promise<RunRecord> {
  const { outcome: _outcome, ended: _ended, elapsed_ms: _elapsed, ...rest } = record;
  const active: RunRecord = { ...rest, state: 'running' };
  storeRecord(workspace, active);
  setUsage(workspace, active, byModel);
  await withLease(sharedPaths(workspace).launchLease, 5000, () =>
    takeSlot(host, workspace, {
      runId: record.run_id,
      profile: record.profile.id,
      limit: 64,
      intervalMs: 0,
    }),
  );
  return active;
}

/** What the summary of an active run says it has used. */
export function setUsage(workspace: Workspace, record: RunRecord, byModel: UsageByModel): void {
  const { summary } = runPaths(workspace, record.run_id);
  const before: unknown = JSON.parse(readFileSync(summary, 'utf8'));
  writeFileSync(summary, JSON.stringify({ ...Object(before), by_model: byModel }));
}

/** A user of their own with one project that has a workspace. */
export async function userWithProject(
  dir: string,
  clock: Clock = systemClock,
): Promise<{ host: Host; workspace: Workspace }> {
  const host: Host = {
    env: { HOME: dir, PATH: process.env.PATH ?? '' },
    clock,
    home: userHome({ HOME: dir }),
    supervisor: { file: process.execPath, args: ['-e', ''] },
    readOnly: false,
  };
  return { host, workspace: await project(host, join(dir, 'project')) };
}

export async function project(host: Host, root: string): Promise<Workspace> {
  mkdirSync(root, { recursive: true });
  const workspace = workspaceAt(root);
  await initWorkspace(workspace, host.home, host.clock);
  return workspace;
}
