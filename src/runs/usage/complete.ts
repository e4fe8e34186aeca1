import { readdir } from 'node:fs/promises';
import { errnoOf } from '../../core/errors.ts';
import { isFinal } from '../../core/vocabulary.ts';
import { readJson } from '../../store/atomic.ts';
import { withLease } from '../../store/lease.ts';
import { readNdjson } from '../../store/ndjson-read.ts';
import { runPaths, sharedPaths, type Workspace } from '../../workspace/layout.ts';
import { runRecord } from '../record.ts';
import { runIds } from '../run-ids.ts';
import { appendUsage, recordedSpending, usageLog, writeLoggedDays } from './log.ts';
import { type Spending, spending } from './spending.ts';

const TURN_MS = 10_000;
/** Records read at once; more is no faster. */
const AT_ONCE = 16;
const PAGE = { maxBytes: 8 << 20, maxRecords: 50_000 };
const LOG_FILE = /^(\d{4}-\d{2}-\d{2})\.ndjson$/;

/**
 * Puts every ended run into the log that is not there, from its record. Needed where the log, or a
 * day of it, was removed, and once in a workspace that is older than the log. Costs as much as there
 * are runs. Where nothing can be written the lines are only answered.
 */
export async function completeLog(workspace: Workspace): Promise<Spending[]> {
  try {
    return await withLease(usageLog(workspace).lease, TURN_MS, async () => {
      const missing = await unlogged(workspace);
      await appendUsage(workspace, missing);
      await writeLoggedDays(workspace, await daysWithFile(workspace));
      return missing;
    });
  } catch {
    return unlogged(workspace);
  }
}

export type LoggedPage = { lines: Spending[]; cursor: string; reset: boolean; unreadable: number };

/** The lines of a day behind a cursor; all of them without one. */
export function readLogged(
  workspace: Workspace,
  day: string,
  cursor: string | undefined,
): LoggedPage {
  const path = usageLog(workspace).file(day);
  const result: LoggedPage = { lines: [], cursor: cursor ?? '', reset: false, unreadable: 0 };
  for (let more = true; more; ) {
    const page = readNdjson(path, result.cursor, PAGE);
    if (page.reset) Object.assign(result, { lines: [], reset: true, unreadable: 0 });
    for (const record of page.records) {
      const line = spending.safeParse(record).data;
      if (line === undefined) result.unreadable += 1;
      else result.lines.push(line);
    }
    result.unreadable += page.unreadable;
    result.cursor = page.cursor;
    more = page.more;
  }
  return result;
}

async function unlogged(workspace: Workspace): Promise<Spending[]> {
  const days = await daysWithFile(workspace);
  const logged = new Set(
    days.flatMap((day) => readLogged(workspace, day, undefined).lines.map((line) => line.run_id)),
  );
  const wanted = (await runIds(workspace)).filter((id) => !logged.has(id));
  const lines: Spending[] = [];
  for (let at = 0; at < wanted.length; at += AT_ONCE) {
    const some = wanted.slice(at, at + AT_ONCE).map((id) => ended(workspace, id));
    lines.push(...(await Promise.all(some)).filter((line) => line !== undefined));
  }
  return lines;
}

async function ended(workspace: Workspace, runId: string): Promise<Spending | undefined> {
  const value = await readJson(runPaths(workspace, runId).metadata).catch(() => undefined);
  const record = runRecord.safeParse(value).data;
  if (record?.run_id !== runId || !isFinal(record.state)) return undefined;
  return recordedSpending(workspace, record);
}

/** The days that have a file, whether or not the log is known to be complete. */
export async function daysWithFile(workspace: Workspace): Promise<string[]> {
  try {
    const names = await readdir(sharedPaths(workspace).usage);
    return names.flatMap((name) => LOG_FILE.exec(name)?.[1] ?? []);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return [];
    throw error;
  }
}
