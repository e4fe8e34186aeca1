import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isoTime } from '../../core/clock.ts';
import { numberAt } from '../../core/json.ts';
import { readJson, writeJsonAtomic } from '../../store/atomic.ts';
import { withLease } from '../../store/lease.ts';
import { NdjsonAppender } from '../../store/ndjson-append.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import { runPaths, sharedPaths, type Workspace } from '../../workspace/layout.ts';
import type { RunRecord } from '../record.ts';
import { endedSpending, type Spending } from './spending.ts';

/** How long a run that ends waits for its turn; else somebody logs it later (slots.ts). */
const TURN_MS = 1000;

/**
 * The usage log: one NDJSON file per UTC day on which runs ended, a line per run. It is a cache of
 * the runs' records, and outlives them. `days.json` names the days that have a file, so that a
 * missing file is noticed; where it is missing itself, the log is not known to be complete.
 */
export function usageLog(workspace: Workspace) {
  const dir = sharedPaths(workspace).usage;
  return {
    days: join(dir, 'days.json'),
    lease: join(dir, 'lease'),
    file: (day: string) => join(dir, `${day}.ndjson`),
  };
}

/** The UTC day of a time, `2026-11-21`; it becomes a file name, so it is nothing but that. */
export function dayOf(time: string | Date): string {
  const date = new Date(time);
  return isoTime(Number.isNaN(date.getTime()) ? new Date(0) : date).slice(0, 10);
}

/**
 * Appends what an ended run has used; synced, because its slot is freed next. False when that was
 * not possible: nothing is lost then, as long as the slot stays. Twice is harmless.
 */
export async function logUsage(
  workspace: Workspace,
  record: RunRecord,
  waitMs = TURN_MS,
): Promise<boolean> {
  // A workspace that was removed meanwhile is not made again.
  if (!existsSync(sharedPaths(workspace).workspaceFile)) return false;
  try {
    const line = await recordedSpending(workspace, record);
    await withLease(usageLog(workspace).lease, waitMs, () => appendUsage(workspace, [line]));
    return true;
  } catch {
    return false;
  }
}

/** The line of an ended run, from its record and its last summary. */
export async function recordedSpending(workspace: Workspace, record: RunRecord): Promise<Spending> {
  const { summary } = runPaths(workspace, record.run_id);
  const calls = numberAt(await readJson(summary).catch(() => undefined), 'model_calls');
  return endedSpending(record, record.outcome?.model_calls ?? calls ?? 0);
}

/** Call it under the log's lease. */
export async function appendUsage(workspace: Workspace, lines: readonly Spending[]): Promise<void> {
  for (const [day, ofDay] of byDay(lines)) {
    await announce(workspace, day);
    const path = usageLog(workspace).file(day);
    const appender = NdjsonAppender.open(path, 'usage', ofDay[0]?.ended ?? '');
    try {
      appender.append(ofDay);
      appender.sync(path);
    } finally {
      appender.close();
    }
  }
}

/** The days that have a file, or undefined where the log is not known to be complete. */
export async function loggedDays(workspace: Workspace): Promise<Set<string> | undefined> {
  const value = await readJson(usageLog(workspace).days).catch(() => undefined);
  const days = z.object({ days: z.array(z.string()) }).safeParse(value).data?.days;
  if (days === undefined) return undefined;
  const isMissing = days.some((day) => !existsSync(usageLog(workspace).file(day)));
  return isMissing ? undefined : new Set(days);
}

export async function writeLoggedDays(workspace: Workspace, days: Iterable<string>): Promise<void> {
  await writeJsonAtomic(usageLog(workspace).days, {
    schema_version: SCHEMA_VERSION,
    days: [...days].sort(),
  });
}

/**
 * Before its file is created, so that a file that was removed is never taken for a day without runs.
 * A log that was not complete stays so, whatever is appended.
 */
async function announce(workspace: Workspace, day: string): Promise<void> {
  const days = await loggedDays(workspace);
  if (days === undefined) await rm(usageLog(workspace).days, { force: true });
  else if (!days.has(day)) await writeLoggedDays(workspace, [...days, day]);
}

function byDay(lines: readonly Spending[]): Map<string, Spending[]> {
  const days = new Map<string, Spending[]>();
  for (const line of lines) {
    const day = dayOf(line.ended ?? '');
    const ofDay = days.get(day);
    if (ofDay === undefined) days.set(day, [line]);
    else ofDay.push(line);
  }
  return days;
}
