import { CcError } from '../core/errors.ts';
import { isFinal } from '../core/vocabulary.ts';
import type { Host } from '../workspace/host.ts';
import { runPaths, type Workspace, workspaceAt } from '../workspace/layout.ts';
import { storedMove } from './fallback/look.ts';
import { type FoundRun, findRun } from './find.ts';
import { activeRuns } from './list.ts';
import { forget, isStale, notesOf, removeNote } from './outbox.ts';
import { readRecord } from './record.ts';
import { isEndMark, markOf, parseCursor } from './wait-cursor.ts';

export type WaitSet = {
  runs: FoundRun[];
  /** Runs whose ending another answer has told already; they are told once more, but not waited for. */
  quiet: ReadonlySet<string>;
};

export type WaitFor = {
  /** Undefined: whatever is going on, and whatever ended untold. */
  runIds: readonly string[] | undefined;
  /** The project of the call; without run ids it must be known. */
  near: Workspace | undefined;
  /** The controller's conversation, where its client tells it. */
  threadId: string | undefined;
  cursor: string | undefined;
};

/**
 * The runs a call waits for. Its cursor acknowledges first: what it proves to have been told is not
 * told again. Cost depends on the runs that are active or untold, however many there have been.
 */
export async function runsToWaitFor(host: Host, wanted: WaitFor): Promise<WaitSet> {
  const { near, threadId, runIds } = wanted;
  await acknowledge(host, wanted);
  const quiet = new Set<string>();
  if (runIds !== undefined) {
    const ids = [...new Set(runIds)];
    return { runs: await Promise.all(ids.map((id) => findRun(host, id, near))), quiet };
  }
  const runs = new Map<string, FoundRun>();
  const add = (run: FoundRun) => runs.set(run.record.run_id, run);
  for (const [runId, mark] of parseCursor(wanted.cursor)) {
    if (isEndMark(mark)) continue;
    // Somebody else's that has ended since is in no list any more.
    const run = await findRun(host, runId, near).catch(() => undefined);
    if (run !== undefined) add(run);
  }
  if (near !== undefined) {
    for (const run of await activeRuns(near)) add(run);
    for (const run of await untold(host, { threadId, workspace: near.root }, quiet)) add(run);
  }
  return { runs: [...runs.values()], quiet };
}

/** Removes the notes of the endings that this cursor proves to have been told. */
export async function acknowledge(
  host: Host,
  { near, threadId, cursor }: Omit<WaitFor, 'runIds'>,
): Promise<void> {
  for (const [runId, mark] of parseCursor(cursor)) {
    if (!isEndMark(mark)) continue;
    const run = await findRun(host, runId, near).catch(() => undefined);
    if (run === undefined || !isFinal(run.record.state)) continue;
    // Of the very ending that was told: a run may have been resumed and have ended once more.
    const { state } = run.record;
    const live = { run, state, summary: undefined, move: await storedMove(run) };
    if (markOf(live) !== mark) continue;
    const who = { threadId, workspace: run.workspace.root };
    // What cannot be removed is told again; no reason to fail.
    await removeNote(host, who, runId).catch(() => undefined);
  }
}

async function untold(
  host: Host,
  who: { threadId: string | undefined; workspace: string },
  quiet: Set<string>,
): Promise<FoundRun[]> {
  const runs: FoundRun[] = [];
  for (const note of await notesOf(host, who)) {
    const workspace = workspaceAt(note.workspace);
    const paths = runPaths(workspace, note.run_id);
    const record = await readRecord(paths, note.run_id).catch(() => undefined);
    if (record === undefined) continue;
    if (isFinal(record.state) && isStale(host, record.ended ?? note.left)) {
      await forget(note).catch(() => undefined);
      continue;
    }
    if (note.told_by === 'run') quiet.add(note.run_id);
    runs.push({ workspace, paths, record });
  }
  return runs;
}

export function nothingToWaitFor(): CcError {
  return new CcError('NOT_FOUND', 'No run is active in this project.', {
    hint: 'Start one with cc_run_streaming_agent, or see cc_run_status with include_finished.',
  });
}
