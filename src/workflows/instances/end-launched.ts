import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { timeLimit } from '../../core/clock.ts';
import { ifThere } from '../../core/if-there.ts';
import { newestRuns } from '../../runs/list.ts';
import type { RunRecord } from '../../runs/record.ts';
import { stopAll } from '../../runs/stop-all.ts';
import { endAbandonedOf } from '../../verification/abandoned.ts';
import type { Host } from '../../workspace/host.ts';
import type { Workspace } from '../../workspace/layout.ts';
import { endCommand } from '../commands/end.ts';
import { askWorkflow } from './ask.ts';
import { workflowIds } from './find.ts';
import { privateWorkflowPaths, workflowPaths } from './paths.ts';
import { type FoundWorkflow, readWorkflowRecord } from './record.ts';
import { superviseUntil } from './supervise-until.ts';

/** For all of it together; a worker that is asked politely needs seconds. */
const PATIENCE_MS = 60_000;
/** After that a run is killed. */
const POLITE_MS = 20_000;
/** Runs that are looked at for tests of a verification whose process was killed. */
const RUNS_LOOKED_AT = 500;

/** Names of what was ended, and of what could not be. */
export type EndedWith = { ended: string[]; left: string[] };

/**
 * Ends whatever a workflow has launched and what still goes on, without its journal: runs name the workflow
 * in their records, commands have directories in its private store, parts name it as their parent. Call it
 * as the owner of the workflow, so that nobody launches more. Doing it again does what is left to do.
 */
export async function endLaunched(
  host: Host,
  workspace: Workspace,
  workflowId: string,
): Promise<EndedWith> {
  const limit = timeLimit(PATIENCE_MS, new AbortController().signal);
  const all = await Promise.all([
    endRuns(host, workspace, workflowId, limit),
    endCommands(host, workflowId, limit),
    endParts(host, workspace, workflowId, limit),
  ]);
  return { ended: all.flatMap(({ ended }) => ended), left: all.flatMap(({ left }) => left) };
}

async function endRuns(
  host: Host,
  workspace: Workspace,
  workflowId: string,
  signal: AbortSignal,
): Promise<EndedWith> {
  const isMeant = ({ workflow }: RunRecord) => workflow?.workflow_id === workflowId;
  const stop = (force: boolean) =>
    stopAll(host, workspace, { force, timeoutMs: POLITE_MS, from: workflowId, signal }, isMeant);
  const first = await stop(false);
  const last = first.some(({ stopped }) => !stopped) ? await stop(true) : first;
  for (const { paths, record } of await newestRuns(workspace, RUNS_LOOKED_AT)) {
    if (isMeant(record)) await endAbandonedOf(paths);
  }
  const left = last.filter(({ stopped }) => !stopped).map(({ run_id }) => run_id);
  const ids = first.map(({ run_id }) => run_id);
  return { ended: ids.filter((id) => !left.includes(id)), left };
}

async function endCommands(host: Host, workflowId: string, limit: AbortSignal): Promise<EndedWith> {
  const { commands } = privateWorkflowPaths(host.home, workflowId);
  const names = (await ifThere(readdir(commands))) ?? [];
  return endEach(names, (name) => endCommand(host, join(commands, name), limit));
}

async function endParts(
  host: Host,
  workspace: Workspace,
  workflowId: string,
  limit: AbortSignal,
): Promise<EndedWith> {
  return endEach(await workflowIds(workspace), async (id) => {
    const record = await readWorkflowRecord(workspace, id).catch(() => undefined);
    const found = record && { workspace, paths: workflowPaths(workspace, id), record };
    if (found?.record.parent?.workflow_id !== workflowId || hasEnded(found)) return undefined;
    return { name: id, isEnded: await endPart(host, found, workflowId, limit) };
  });
}

/** One that is damaged itself is ended by its own supervisor. */
async function endPart(host: Host, found: FoundWorkflow, from: string, limit: AbortSignal) {
  const { workspace, record } = found;
  const { workflow_id } = record;
  const asked = { kind: 'stop', text: 'the workflow it is a part of is damaged' } as const;
  await askWorkflow(host, found, asked, { from, signal: limit }).catch(() => undefined);
  const isDone = async () => {
    const now = await readWorkflowRecord(workspace, workflow_id).catch(() => record);
    return hasEnded({ ...found, record: now });
  };
  return superviseUntil(host, found, isDone, limit);
}

function hasEnded({ record, paths }: FoundWorkflow): boolean {
  return record.broken === undefined ? record.end !== undefined : !existsSync(paths.active);
}

/** Undefined: there was nothing to end. */
async function endEach<T>(
  all: readonly T[],
  end: (one: T) => Promise<{ name: string; isEnded: boolean } | undefined>,
): Promise<EndedWith> {
  const done = (await Promise.all(all.map(end))).flatMap((one) => one ?? []);
  const names = (isEnded: boolean) =>
    done.filter((one) => one.isEnded === isEnded).map(({ name }) => name);
  return { ended: names(true), left: names(false) };
}
