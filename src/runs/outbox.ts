import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isoTime } from '../core/clock.ts';
import { digestOf, isId } from '../core/ids.ts';
import { ifThere } from '../core/if-there.ts';
import { compact } from '../core/json.ts';
import { isAlive, selfIdentity } from '../proc/identity.ts';
import { makePrivateDir, readJson, writeJsonAtomic } from '../store/atomic.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import type { Host } from '../workspace/host.ts';
import { runPaths, workspaceAt } from '../workspace/layout.ts';
import { hasRecord, type RunRecord } from './record.ts';

export const wakeTarget = z.object({
  thread: z.string(),
  /** The program, and its home where that is not the usual one. */
  codex: z.string(),
  codex_home: z.string().optional(),
});
/** Whom to wake, and how. Kept in the user's home: no file of a project may name a program to run. */
export type WakeTarget = z.infer<typeof wakeTarget>;

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
  /** Which call had the ending in its answer; whether that arrived is not known. */
  told_by: z.enum(['run', 'wait']).optional(),
  wake: wakeTarget.optional(),
  woken: z.boolean().optional(),
});
export type Note = z.infer<typeof noteFile> & { path: string };

/** Who launched a run: a conversation, where the client tells which, else whoever works in the project. */
export type Controller = { threadId?: string | undefined; workspace: string };

const KEEP_MS = 7 * 24 * 3_600_000;

export function controllerOf(record: RunRecord): Controller {
  return { threadId: record.thread_id, workspace: record.workspace };
}

export async function leaveNote(
  host: Host,
  who: Controller,
  { run_id, workspace }: Pick<RunRecord, 'run_id' | 'workspace'>,
  wake?: WakeTarget,
): Promise<void> {
  await makePrivateDir(host.home.outbox);
  const note = {
    schema_version: SCHEMA_VERSION,
    run_id,
    workspace,
    left: isoTime(host.clock.now()),
    launcher: selfIdentity(),
    ...compact({ wake }),
  };
  await writeJsonAtomic(notePath(host, who, run_id), note, { durable: true });
}

export async function removeNote(host: Host, who: Controller, runId: string): Promise<void> {
  await rm(notePath(host, who, runId), { force: true });
}

/** Says that the ending was in an answer. Nothing happens where nobody would ask. */
export async function markTold(
  host: Host,
  who: Controller,
  runId: string,
  by: 'run' | 'wait',
): Promise<void> {
  const note = await readNote(notePath(host, who, runId));
  if (note === undefined || note.told_by !== undefined) return;
  if (by === 'run' || note.wake !== undefined) await change(note, { told_by: by });
}

export async function markWoken(note: Note): Promise<void> {
  await change(note, { woken: true });
}

/** What this controller is still to be told, oldest first. */
export async function notesOf(host: Host, who: Controller): Promise<Note[]> {
  return readNotes(host, (name) => name.startsWith(prefixOf(who)));
}

/** Who is still to be told of this run. */
export async function notesAbout(host: Host, runId: string): Promise<Note[]> {
  return readNotes(host, (name) => name.endsWith(`.${runId}.json`));
}

/** What any controller of this user is still to be told. */
export async function allNotes(host: Host): Promise<Note[]> {
  return readNotes(host, (name) => name.endsWith('.json'));
}

/** Removes what nobody has asked for in a week; any recovery does it on its way. */
export async function forget(note: Note): Promise<void> {
  await rm(note.path, { force: true });
}

/** Nobody is told of what is older; the runs themselves stay. */
export function isStale(host: Host, time: string): boolean {
  return host.clock.now().getTime() - Date.parse(time) > KEEP_MS;
}

async function readNotes(host: Host, isWanted: (name: string) => boolean): Promise<Note[]> {
  const notes: Note[] = [];
  for (const name of (await namesIn(host.home.outbox)).sort()) {
    if (name.startsWith('.') || !isWanted(name)) continue;
    const note = await readNote(join(host.home.outbox, name));
    if (note === undefined) continue;
    if (isVain(host, note)) await rm(note.path, { force: true });
    else notes.push(note);
  }
  return notes;
}

async function readNote(path: string): Promise<Note | undefined> {
  const note = noteFile.safeParse(await readJson(path).catch(() => undefined)).data;
  return note !== undefined && isId(note.run_id, 'run') ? { ...note, path } : undefined;
}

async function change({ path, ...note }: Note, fields: Partial<Note>): Promise<void> {
  // Whoever acknowledged it meanwhile is not told again.
  if (!existsSync(path)) return;
  await writeJsonAtomic(path, { schema_version: SCHEMA_VERSION, ...note, ...fields });
}

/** There is no run: its launcher died before it came to be, or it was removed since. */
function isVain(host: Host, note: Note): boolean {
  // In this order: a launcher that is dead by now writes no record any more.
  if (isAlive(note.launcher)) return false;
  if (hasRecord(runPaths(workspaceAt(note.workspace), note.run_id))) return false;
  // A project that is not there at the moment may lie on a disk that is.
  return existsSync(note.workspace) || isStale(host, note.left);
}

async function namesIn(directory: string): Promise<string[]> {
  return (await ifThere(readdir(directory))) ?? [];
}

/** A thread id comes from the client and becomes a file name only as a digest. */
function prefixOf({ threadId, workspace }: Controller): string {
  return threadId === undefined
    ? `workspace-${digestOf(workspace)}.`
    : `thread-${digestOf(threadId)}.`;
}

function notePath(host: Host, who: Controller, runId: string): string {
  return join(host.home.outbox, `${prefixOf(who)}${runId}.json`);
}
