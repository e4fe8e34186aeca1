import * as z from 'zod';
import { isFinal } from '../core/vocabulary.ts';
import { DirectoryWatcher } from '../store/watch.ts';
import type { Host } from '../workspace/host.ts';
import { type FoundRun, findRun } from './find.ts';
import { readRecord } from './record.ts';
import { hasEnded, type LiveRun, lookAt } from './view.ts';
import { tell, toldView } from './wait-answer.ts';
import {
  formatCursor,
  gistOf,
  isEndMark,
  markOf,
  NOTHING_TOLD,
  parseCursor,
  type Told,
} from './wait-cursor.ts';
import type { WaitSet } from './wait-set.ts';

export const waitResult = z.object({
  /** `change`: something below is news. `still_running`: the time was up first. */
  reason: z.enum(['change', 'still_running', 'all_ended']),
  /** Runs with news since the cursor; with many of them, only the essence of each. */
  changed: z.array(toldView),
  /** There was no room for all news: the next call answers at once. */
  more: z.literal(true).optional(),
  /** Runs that have not ended, changed or not. */
  active: z.array(z.string()),
  active_omitted: z.number().optional(),
  cursor: z.string(),
});
export type WaitResult = z.infer<typeof waitResult>;

export type WaitRequest = {
  /** Where the task of one is moved to another run, that is added here and waited for, too. */
  runs: WaitSet['runs'];
  quiet?: WaitSet['quiet'];
  until: 'any' | 'all';
  cursor: string | undefined;
  timeoutMs: number;
  signal: AbortSignal;
  progress?: (message: string) => void;
};

const PROGRESS_EVERY_MS = 10_000;
/** Between two looks at all of the runs; a supervisor that vanished gives no hint. */
const LOOK_AT_ALL_MS = 1000;
const ACTIVE_SHOWN = 20;
/** Marks of runs that this call does not ask for. */
const CARRIED = 64;

/**
 * Waits until a run ends or needs attention (`any`), or until all have ended (`all`), or the time is
 * up. A run that waits for an answer ends either wait: nothing else would bring it on. That a task was
 * moved ends none: the wait goes on with the run it was moved to, and the answer tells of both. The cursor
 * holds what the caller has been told of each run, so that a change between two calls is reported by
 * the second one.
 */
export async function waitForRuns(host: Host, request: WaitRequest): Promise<WaitResult> {
  const told = parseCursor(request.cursor);
  const until = host.clock.monotonic() + request.timeoutMs;
  let nextProgress = host.clock.monotonic() + PROGRESS_EVERY_MS;
  let watcher = watcherOf(request.runs);
  const looked = new Map<FoundRun, LiveRun>();
  let lookedAtAll = -Infinity;
  let hints: ReadonlySet<string> = new Set();
  try {
    for (;;) {
      const all = host.clock.monotonic() - lookedAtAll >= LOOK_AT_ALL_MS;
      if (all) lookedAtAll = host.clock.monotonic();
      const due = request.runs.filter((run) => all || hints.has(run.paths.dir));
      await Promise.all(due.map(async (run) => looked.set(run, await refresh(host, run))));
      if (await addSuccessors(host, request.runs, looked)) {
        watcher.close();
        watcher = watcherOf(request.runs);
        lookedAtAll = -Infinity;
        continue;
      }
      const live = [...looked.values()];
      const now = host.clock.monotonic();
      if (isTimeToAnswer(live, told, request) || now >= until || request.signal.aborted) {
        return answer(live, told);
      }
      if (now >= nextProgress) {
        request.progress?.(progressLine(live));
        nextProgress = now + PROGRESS_EVERY_MS;
      }
      hints = await watcher.changed(until - now, request.signal);
    }
  } finally {
    watcher.close();
  }
}

function watcherOf(runs: readonly FoundRun[]): DirectoryWatcher {
  return new DirectoryWatcher(
    runs.map((run) => run.paths.dir),
    tellsSomething,
  );
}

/** Adds the runs that tasks were moved to; tells whether there were any. */
async function addSuccessors(
  host: Host,
  runs: FoundRun[],
  looked: ReadonlyMap<FoundRun, LiveRun>,
): Promise<boolean> {
  const known = new Set(runs.map(({ record }) => record.run_id));
  const before = runs.length;
  for (const { run, move } of looked.values()) {
    if (move?.did !== 'moved' || known.has(move.to.run_id)) continue;
    known.add(move.to.run_id);
    // One that was removed since has nothing to tell.
    const next = await findRun(host, move.to.run_id, run.workspace).catch(() => undefined);
    if (next !== undefined) runs.push(next);
  }
  return runs.length > before;
}

/** All else in the directory of a run changes far more often than what is told of it. */
function tellsSomething(name: string): boolean {
  return name === 'metadata.json' || name === 'progress_summary.json';
}

async function refresh(host: Host, run: FoundRun): Promise<LiveRun> {
  if (!isFinal(run.record.state)) {
    run.record = await readRecord(run.paths, run.record.run_id);
  }
  return lookAt(host, run);
}

function isTimeToAnswer(live: readonly LiveRun[], told: Told, request: WaitRequest): boolean {
  if (live.every(hasEnded)) return true;
  return live.some((run) => {
    if (run.move?.did === 'moved') return false;
    if (request.until === 'all' && run.state !== 'waiting_answer') return false;
    if (!isNews(run) || request.quiet?.has(idOf(run))) return false;
    return gistOf(told.get(idOf(run))) !== gistOf(markOf(run));
  });
}

/** A run is news when it ended, is lost, waits for an answer, or has something to look at. */
function isNews(run: LiveRun): boolean {
  return markOf(run) !== NOTHING_TOLD;
}

function answer(live: readonly LiveRun[], told: Told): WaitResult {
  const changed = live.filter((run) => isNews(run) && told.get(idOf(run)) !== markOf(run));
  const { views, told: toldNow } = tell(changed);
  const untold = new Set(changed.filter((run) => !toldNow.includes(run)));
  const active = live.filter((run) => !hasEnded(run)).map(idOf);
  const reason = changed.length > 0 ? 'change' : 'still_running';
  return {
    reason: active.length === 0 && untold.size === 0 ? 'all_ended' : reason,
    changed: views,
    ...(untold.size > 0 ? { more: true as const } : {}),
    active: active.slice(0, ACTIVE_SHOWN),
    ...(active.length > ACTIVE_SHOWN ? { active_omitted: active.length - ACTIVE_SHOWN } : {}),
    cursor: formatCursor(nextMarks(live, told, untold)),
  };
}

/**
 * What the caller knows once it has this answer. Of other runs, those that had not ended are kept,
 * so that a later call follows them up; endings are acknowledged by now and dropped.
 */
function nextMarks(live: readonly LiveRun[], told: Told, untold: ReadonlySet<LiveRun>): Told {
  const asked = new Set(live.map(idOf));
  const others = [...told].filter(([runId, mark]) => !asked.has(runId) && !isEndMark(mark));
  const marks = new Map(others.slice(-CARRIED));
  for (const run of live) {
    const before = told.get(idOf(run)) ?? NOTHING_TOLD;
    marks.set(idOf(run), untold.has(run) ? before : markOf(run));
  }
  return marks;
}

function idOf({ run }: LiveRun): string {
  return run.record.run_id;
}

function progressLine(live: readonly LiveRun[]): string {
  const active = live.filter((run) => !hasEnded(run));
  const [first] = active;
  const action = first?.summary?.last_action?.text ?? 'working';
  return active.length === 1 ? action : `${active.length} runs active; ${action}`;
}
