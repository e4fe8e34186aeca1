import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isoTime } from '../core/clock.ts';
import { errnoOf } from '../core/errors.ts';
import { digestOf, isId } from '../core/ids.ts';
import { isAlive, selfIdentity } from '../proc/identity.ts';
import { makePrivateDir, readJson, writeJsonAtomic } from '../store/atomic.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import type { Host } from '../workspace/host.ts';
import { runPaths, workspaceAt } from '../workspace/layout.ts';
import { hasRecord, type RunRecord } from './record.ts';

/**
 * What a controller has still to be told. A note is left before its run exists and removed when a
 * later call proves, by its cursor, that the ending was told; an answer that got lost is given again.
 * One small file per run, so that servers need no lock and a kill at any point loses nothing.
 */
const noteFile = z.object({
  run_id: z.string(),
  workspace: z.string(),
  left: z.string(),
  launcher: z.object({ pid: z.number(), start: z.string(), boot: z.string() }),
  /** The ending was in an answer; whether that arrived is not known. */
  answered: z.boolean().optional(),
});
export type Note = z.infer<typeof noteFile>;

/** Who launched a run: a conversation, where the client tells which, else whoever works in the project. */
export type Controller = { threadId?: string | undefined; workspace: string };

const KEEP_MS = 7 * 24 * 3_600_000;

/** Whoever launched the run. */
export function controllerOf(record: RunRecord): Controller {
  return { threadId: record.thread_id, workspace: record.workspace };
}

type Named = Pick<RunRecord, 'run_id' | 'workspace'>;

export async function leaveNote(host: Host, who: Controller, run: Named): Promise<void> {
  await makePrivateDir(host.home.outbox);
  const note = {
    schema_version: SCHEMA_VERSION,
    run_id: run.run_id,
    workspace: run.workspace,
    left: isoTime(host.clock.now()),
    launcher: selfIdentity(),
  };
  await writeJsonAtomic(notePath(host, who, run.run_id), note, { durable: true });
}

export async function removeNote(host: Host, who: Controller, runId: string): Promise<void> {
  await rm(notePath(host, who, runId), { force: true });
}

/** Says that the ending was in an answer. Nothing happens where there is no note. */
export async function markAnswered(host: Host, who: Controller, runId: string): Promise<void> {
  const note = await readNote(notePath(host, who, runId));
  if (note === undefined || note.answered) return;
  const value = { schema_version: SCHEMA_VERSION, ...note, answered: true };
  await writeJsonAtomic(notePath(host, who, runId), value);
}

export async function noteOf(
  host: Host,
  who: Controller,
  runId: string,
): Promise<Note | undefined> {
  return readNote(notePath(host, who, runId));
}

/** What this controller is still to be told, oldest first. */
export async function notesOf(host: Host, who: Controller): Promise<Note[]> {
  return readNotes(host, prefixOf(who));
}

/** What any controller of this user is still to be told. */
export async function allNotes(host: Host): Promise<Note[]> {
  return readNotes(host, '');
}

async function readNotes(host: Host, prefix: string): Promise<Note[]> {
  const notes: Note[] = [];
  for (const name of (await namesIn(host.home.outbox)).sort()) {
    if (!name.startsWith(prefix) || name.startsWith('.')) continue;
    const path = join(host.home.outbox, name);
    const note = await readNote(path);
    if (note === undefined) continue;
    if (isVain(host, note)) await rm(path, { force: true });
    else notes.push(note);
  }
  return notes;
}

/** There is no run: its launcher died before it came to be, or it was removed since. */
function isVain(host: Host, note: Note): boolean {
  // In this order: a launcher that is dead by now writes no record any more.
  if (isAlive(note.launcher)) return false;
  if (hasRecord(runPaths(workspaceAt(note.workspace), note.run_id))) return false;
  // A project that is not there at the moment may lie on a disk that is.
  return existsSync(note.workspace) || isStale(host, note.left);
}

/** Nobody is told of what is older; the runs themselves stay. */
export function isStale(host: Host, time: string): boolean {
  return host.clock.now().getTime() - Date.parse(time) > KEEP_MS;
}

async function readNote(path: string): Promise<Note | undefined> {
  const note = noteFile.safeParse(await readJson(path).catch(() => undefined)).data;
  return note !== undefined && isId(note.run_id, 'run') ? note : undefined;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function prefixOf({ threadId, workspace }: Controller): string {
  return threadId === undefined
    ? `workspace-${digestOf(workspace)}.`
    : `thread-${digestOf(threadId)}.`;
}

function notePath(host: Host, who: Controller, runId: string): string {
  return join(host.home.outbox, `${prefixOf(who)}${runId}.json`);
}
