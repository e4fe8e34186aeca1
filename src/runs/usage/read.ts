import { existsSync } from 'node:fs';
import { isFinal } from '../../core/vocabulary.ts';
import { readJson } from '../../store/atomic.ts';
import { runPaths, sharedPaths, type Workspace } from '../../workspace/layout.ts';
import type { RunRecord } from '../record.ts';
import { type TakenSlot, takenSlots } from '../slots.ts';
import { progressSummary } from '../summarise.ts';
import { completeLog, daysWithFile, readLogged } from './complete.ts';
import { dayOf, loggedDays, recordedSpending } from './log.ts';
import { activeSpending, type Spending } from './spending.ts';

export type Usage = {
  /** Runs that ended in the time asked for. */
  ended: Spending[];
  /** Runs that go on, whenever they began. */
  active: Spending[];
  /** Lines of the log that could not be read; what they said may be missing. */
  unreadable: number;
};

/**
 * What a workspace has used from one UTC day to another, both included. The slots are read before the
 * log: a run that ends in between is then seen twice and counted once, never missed.
 */
export async function readUsage(workspace: Workspace, from: string, to: string): Promise<Usage> {
  const open = await openUsage(workspace);
  const ended = new Map<string, Spending>();
  let unreadable = 0;
  const { days, unlogged } = await daysOf(workspace);
  for (const day of days) {
    if (day < from || day > to) continue;
    const page = readLogged(workspace, day, undefined);
    for (const line of page.lines) ended.set(line.run_id, line);
    unreadable += page.unreadable;
  }
  for (const line of [...unlogged, ...open.ended]) {
    const day = dayOf(line.ended ?? '');
    if (day >= from && day <= to) ended.set(line.run_id, line);
  }
  return {
    ended: [...ended.values()],
    active: open.active.filter((run) => !ended.has(run.run_id)),
    unreadable,
  };
}

/** The days with a log file, completed first where need be, and what could not be put into one. */
export async function daysOf(
  workspace: Workspace,
): Promise<{ days: Set<string>; unlogged: Spending[] }> {
  if (!existsSync(sharedPaths(workspace).workspaceFile)) return { days: new Set(), unlogged: [] };
  const days = await loggedDays(workspace);
  if (days !== undefined) return { days, unlogged: [] };
  const missing = await completeLog(workspace);
  const now = await loggedDays(workspace);
  return now === undefined
    ? { days: new Set(await daysWithFile(workspace)), unlogged: missing }
    : { days: now, unlogged: [] };
}

export type OpenUsage = {
  active: Spending[];
  /** Ended, but perhaps not in the log yet. */
  ended: Spending[];
  /** Slots whose run is about to be recorded. */
  starting: TakenSlot['slot'][];
};

/** What the runs use that still have a slot. */
export async function openUsage(workspace: Workspace): Promise<OpenUsage> {
  const open: OpenUsage = { active: [], ended: [], starting: [] };
  if (!existsSync(sharedPaths(workspace).workspaceFile)) return open;
  for (const { slot, record } of await takenSlots(workspace)) {
    if (record === undefined) open.starting.push(slot);
    else if (isFinal(record.state)) open.ended.push(await recordedSpending(workspace, record));
    else open.active.push(await spendingNow(workspace, record));
  }
  return open;
}

async function spendingNow(workspace: Workspace, record: RunRecord): Promise<Spending> {
  const { summary } = runPaths(workspace, record.run_id);
  const value = await readJson(summary).catch(() => undefined);
  return activeSpending(record, progressSummary.safeParse(value).data);
}
