import { statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { isoTime } from '../core/clock.ts';
import { FAILURE_CLASSES } from '../core/vocabulary.ts';
import { makePrivateDir } from '../store/atomic.ts';
import { withLease } from '../store/lease.ts';
import { NdjsonAppender } from '../store/ndjson-append.ts';
import { readNdjson } from '../store/ndjson-read.ts';
import type { UserHome } from '../workspace/home.ts';
import { routeKey } from './keys.ts';

const TURN_MS = 5000;
const PAGE = { maxBytes: 8 << 20, maxRecords: 50_000 };
/** Beyond this size old lines are dropped: 90 days, and the newest 5000, about 1.5 MB. */
const COMPACT_BYTES = 4 << 20;
const KEEP_MS = 90 * 24 * 3_600_000;
const KEEP_LINES = 5000;

/** How one run ended, and what it took. `model` is the one that answered. */
export const ending = z.object({
  run_id: z.string(),
  ended: z.string(),
  profile: z.string(),
  model: z.string(),
  role: z.string(),
  /** It was allowed to change files. */
  write: z.boolean(),
  state: z.string(),
  failure: z.enum(FAILURE_CLASSES),
  elapsed_ms: z.number(),
  model_calls: z.number(),
  /** Of all kinds. */
  tokens: z.number(),
});
export type Ending = z.infer<typeof ending> & {
  /** 0 to 1: how good the work was found to be (scores.ts). Ended well is not done well. */
  score?: number;
  rejected?: boolean;
};

/** Appends an ending to the user's history. The same run twice is harmless: readers count it once. */
export async function appendEnding(home: UserHome, line: Ending): Promise<void> {
  await makePrivateDir(home.routing);
  await withLease(join(home.routing, 'endings-lease'), TURN_MS, async () => {
    const path = endingsFile(home);
    append(path, [line], line.ended);
    if (statSync(path).size > COMPACT_BYTES) await compactEndings(path, Date.parse(line.ended));
  });
}

/** Leaves the newest lines in a file of its own, so that a reader's cursor is reset. */
async function compactEndings(path: string, now: number): Promise<void> {
  const recent = readAll(path, undefined).lines.filter(({ ended }) => isRecent(ended, now));
  const once = new Map(recent.map((line) => [line.run_id, line]));
  const temporary = `${path}.${process.pid}.tmp`;
  append(temporary, [...once.values()].slice(-KEEP_LINES), isoTime(new Date(now)));
  await rename(temporary, path);
}

function append(path: string, lines: readonly Ending[], created: string): void {
  const appender = NdjsonAppender.open(path, 'endings', created);
  try {
    appender.append(lines);
    appender.sync(path);
  } finally {
    appender.close();
  }
}

type Known = { cursor: string; lines: Map<string, Ending> };
/** What this process has read so far, so that a choice costs what is new. */
const known = new Map<string, Known>();

/** The endings of the last 90 days by route, oldest first. A damaged file is no evidence, never an error. */
export function readEndings(home: UserHome, now: number): Map<string, Ending[]> {
  const path = endingsFile(home);
  const before = known.get(path);
  let page: ReturnType<typeof readAll>;
  try {
    page = readAll(path, before?.cursor);
  } catch {
    return new Map();
  }
  const lines = page.reset || before === undefined ? new Map<string, Ending>() : before.lines;
  for (const line of page.lines) lines.set(line.run_id, line);
  for (const [id, line] of lines) if (!isRecent(line.ended, now)) lines.delete(id);
  known.set(path, { cursor: page.cursor, lines });
  return grouped(lines.values());
}

function grouped(lines: Iterable<Ending>): Map<string, Ending[]> {
  const routes = new Map<string, Ending[]>();
  for (const line of lines) {
    const key = routeKey(line);
    const same = routes.get(key);
    if (same === undefined) routes.set(key, [line]);
    else same.push(line);
  }
  for (const same of routes.values()) same.sort((a, b) => (a.ended < b.ended ? -1 : 1));
  return routes;
}

function readAll(path: string, from: string | undefined) {
  const result = { lines: [] as Ending[], cursor: from ?? '', reset: false };
  for (let more = true; more; ) {
    const page = readNdjson(path, result.cursor, PAGE);
    if (page.reset) Object.assign(result, { lines: [], reset: true });
    for (const record of page.records) {
      const line = ending.safeParse(record).data;
      if (line !== undefined) result.lines.push(line);
    }
    result.cursor = page.cursor;
    more = page.more;
  }
  return result;
}

/** A clock that was wrong may have written the future; that counts as now. */
function isRecent(ended: string, now: number): boolean {
  return Date.parse(ended) > now - KEEP_MS;
}

function endingsFile(home: UserHome): string {
  return join(home.routing, 'endings.ndjson');
}
