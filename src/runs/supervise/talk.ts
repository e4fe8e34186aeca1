import type { Clock } from '../../core/clock.ts';
import type { GuardContext } from '../../workers/claude/guard.ts';
import type { GuardLimit } from '../cost-guard/limits.ts';
import type { StopReason } from '../events.ts';
import { type Limit, limitsOf } from '../limits.ts';
import type { RunRecord } from '../record.ts';
import type { Journal } from './journal.ts';
import type { MessageStore } from './message-store.ts';
import type { Stopwatch } from './stopwatch.ts';
import type { WorkerLink } from './worker-link.ts';

/** What everybody needs who speaks to the worker of a run. */
export type Talk = {
  link: WorkerLink;
  journal: Journal;
  record: RunRecord;
  guard: GuardContext;
  stopwatch: Stopwatch;
  clock: Clock;
  texts: MessageStore;
  /** The cap of the cost guard that is used up, as of the last look. */
  guardLimit: () => GuardLimit | undefined;
  /** Every model call has to be counted before the next one may begin. */
  isMetered: () => boolean;
  /** The run has to end now, and why. */
  stop: (reason: StopReason, detail: string) => void;
  /** The worker process has to go now; the run may go on with another one. */
  dismiss: () => void;
};

export function limitsNow({ record, journal, stopwatch }: Talk): Limit[] {
  return limitsOf(record, journal.progress, {
    elapsedMs: stopwatch.elapsedMs(),
    eventBytes: journal.size,
  });
}

/** The model is (or is about to be) at work on something we gave it. */
export function isTurnRunning({ journal }: Talk): boolean {
  const { task, turn_end } = journal.progress;
  return task !== undefined && turn_end === undefined;
}
