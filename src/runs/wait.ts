import * as z from 'zod';
import { CcError } from '../core/errors.ts';
import { isFinal } from '../core/vocabulary.ts';
import { DirectoryWatcher } from '../store/watch.ts';
import type { Host } from '../workspace/host.ts';
import { type FoundRun, findRun } from './find.ts';
import { readRecord } from './record.ts';
import { type LiveRun, lookAt, runView, viewOf } from './view.ts';

export const waitResult = z.object({
  /** `change`: something below is news. `still_running`: the time was up first. */
  reason: z.enum(['change', 'still_running', 'all_ended']),
  /** Runs with news since the cursor. */
  changed: z.array(runView),
  /** Runs that have not ended, changed or not. */
  active: z.array(z.string()),
  cursor: z.string(),
});
export type WaitResult = z.infer<typeof waitResult>;

export type WaitRequest = {
  runs: FoundRun[];
  until: 'any' | 'all';
  cursor: string | undefined;
  timeoutMs: number;
  signal: AbortSignal;
  progress?: (message: string) => void;
};

const PROGRESS_EVERY_MS = 10_000;

/**
 * Waits until a run ends or needs attention (`any`), or until all have ended (`all`), or the time is
 * up. The cursor holds what the caller has been told of each run, so that a change between two calls
 * is reported by the second one.
 */
export async function waitForRuns(host: Host, request: WaitRequest): Promise<WaitResult> {
  const told = parseCursor(request.cursor);
  const until = host.clock.monotonic() + request.timeoutMs;
  let nextProgress = host.clock.monotonic() + PROGRESS_EVERY_MS;
  const watcher = new DirectoryWatcher(request.runs.map((run) => run.paths.dir));
  try {
    for (;;) {
      const live = await Promise.all(request.runs.map((run) => refresh(host, run)));
      const now = host.clock.monotonic();
      const changed = live.filter((run) => told.get(shortId(run)) !== mark(run) && isNews(run));
      const allEnded = live.every((run) => isFinal(run.state));
      const due = request.until === 'all' ? allEnded : changed.length > 0 || allEnded;
      if (due || now >= until || request.signal.aborted) {
        return {
          reason: allEnded ? 'all_ended' : changed.length > 0 ? 'change' : 'still_running',
          changed: changed.map((run) => viewOf(run)),
          active: live.flatMap((run) => (isFinal(run.state) ? [] : [run.run.record.run_id])),
          cursor: formatCursor(live, told),
        };
      }
      if (now >= nextProgress) {
        request.progress?.(progressLine(live));
        nextProgress = now + PROGRESS_EVERY_MS;
      }
      await watcher.changed(until - now, request.signal);
    }
  } finally {
    watcher.close();
  }
}

/** The runs to wait for, each found wherever it is. */
export async function findRuns(
  host: Host,
  ids: readonly string[],
  near: FoundRun['workspace'] | undefined,
): Promise<FoundRun[]> {
  return Promise.all([...new Set(ids)].map((id) => findRun(host, id, near)));
}

async function refresh(host: Host, run: FoundRun): Promise<LiveRun> {
  if (!isFinal(run.record.state)) {
    run.record = await readRecord(run.paths, run.record.run_id);
  }
  return lookAt(host, run);
}

/** A run is news when it ended, is lost, or has something to look at. */
function isNews(run: LiveRun): boolean {
  return isFinal(run.state) || run.state === 'lost' || (run.summary?.attention.length ?? 0) > 0;
}

/** What a caller knows of a run, in a few characters. */
function mark(run: LiveRun): string {
  // States in which it simply goes on need not be told apart.
  const goesOn = run.state === 'starting' || run.state === 'finalizing';
  return `${goesOn ? 'running' : run.state}-${run.summary?.insight.mark ?? 0}`;
}

function shortId({ run }: LiveRun): string {
  return run.record.run_id.slice(-8);
}

const CURSOR = /^(?:[a-z2-7]{8}\.[a-z_]+-\d+(?:~|$))*$/;

function parseCursor(cursor: string | undefined): Map<string, string> {
  if (cursor === undefined || cursor === '') return new Map();
  if (!CURSOR.test(cursor)) {
    throw new CcError('BAD_INPUT', 'Not a cursor of cc_wait_runs.', {
      hint: 'Pass the cursor of the previous answer unchanged, or leave it out.',
    });
  }
  return new Map(cursor.split('~').map((part) => [part.slice(0, 8), part.slice(9)]));
}

function formatCursor(live: readonly LiveRun[], told: ReadonlyMap<string, string>): string {
  const marks = new Map(told);
  for (const run of live) marks.set(shortId(run), mark(run));
  return [...marks].map(([id, value]) => `${id}.${value}`).join('~');
}

function progressLine(live: readonly LiveRun[]): string {
  const active = live.filter((run) => !isFinal(run.state));
  const [first] = active;
  const action = first?.summary?.last_action?.text ?? 'working';
  return active.length === 1 ? action : `${active.length} runs active; ${action}`;
}
