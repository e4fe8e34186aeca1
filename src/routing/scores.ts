import { join } from 'node:path';
import * as z from 'zod';
import { canonicalJson } from '../core/canonical.ts';
import { makePrivateDir } from '../store/atomic.ts';
import { withLease } from '../store/lease.ts';
import { NdjsonAppender } from '../store/ndjson-append.ts';
import { readNdjson } from '../store/ndjson-read.ts';
import type { UserHome } from '../workspace/home.ts';
import type { Ending } from './endings.ts';

const TURN_MS = 5000;
const PAGE = { maxBytes: 8 << 20, maxRecords: 50_000 };

/** How good the work of a run was, as a verification and its controller found. The last line of a run counts. */
const runScore = z.object({
  run_id: z.string(),
  time: z.string(),
  profile: z.string(),
  /** The one that answered. */
  model: z.string(),
  role: z.string(),
  /** 0 to 100; null where nothing is known. */
  score: z.number().nullable(),
  verdict: z.enum(['accept', 'investigate', 'reject']).nullable(),
  /** Of the controller, 0 to 100. */
  rating: z.number().nullable(),
  reason: z.string().optional(),
});
export type RunScore = z.infer<typeof runScore>;

/** Stores the score of a run, unless it has the same already. Durable when it returns. */
export async function storeScore(home: UserHome, line: RunScore): Promise<void> {
  await makePrivateDir(home.routing);
  await withLease(join(home.routing, 'scores-lease'), TURN_MS, async () => {
    if (isSameScore(readScores(home).get(line.run_id), line)) return;
    const path = scoresFile(home);
    const appender = NdjsonAppender.open(path, 'scores', line.time);
    try {
      appender.append([line]);
      appender.sync(path);
    } finally {
      appender.close();
    }
  });
}

/** The same judgement at another time is the same. */
export function isSameScore(
  before: RunScore | undefined,
  { time: _time, ...line }: RunScore,
): boolean {
  if (before === undefined) return false;
  const { time: _before, ...known } = before;
  return canonicalJson(known) === canonicalJson(line);
}

type Known = { cursor: string; scores: Map<string, RunScore> };
/** What this process has read so far, so that a choice costs what is new. */
const known = new Map<string, Known>();

/** The score of every run that has one. A damaged file is no evidence, never an error. */
export function readScores(home: UserHome): ReadonlyMap<string, RunScore> {
  const path = scoresFile(home);
  const read = known.get(path) ?? { cursor: '', scores: new Map() };
  known.set(path, read);
  try {
    for (let more = true; more; ) {
      const page = readNdjson(path, read.cursor, PAGE);
      if (page.reset) read.scores.clear();
      for (const record of page.records) {
        const line = runScore.safeParse(record).data;
        if (line !== undefined) read.scores.set(line.run_id, line);
      }
      read.cursor = page.cursor;
      more = page.more;
    }
  } catch {
    read.scores.clear();
    read.cursor = '';
  }
  return read.scores;
}

/** The endings with what is known of the work behind them. */
export function withScores(
  endings: ReadonlyMap<string, readonly Ending[]>,
  scores: ReadonlyMap<string, RunScore>,
): ReadonlyMap<string, readonly Ending[]> {
  if (scores.size === 0) return endings;
  return new Map(
    [...endings].map(([route, runs]) => [
      route,
      runs.map((run) => {
        const found = scores.get(run.run_id);
        if (found === undefined || found.score === null) return run;
        return { ...run, score: found.score / 100, rejected: found.verdict === 'reject' };
      }),
    ]),
  );
}

function scoresFile(home: UserHome): string {
  return join(home.routing, 'scores.ndjson');
}
